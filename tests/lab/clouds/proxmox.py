"""Proxmox VE's API, as https://pve.proxmox.com/pve-docs/api-viewer/ describes it.

Parameters that a call does not have are refused as the vendor refuses them; a task is done when it is looked at for the
second time, and what it changes is not there before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

TOKEN_ID, TOKEN_SECRET = "mist@pve!lab", "3a6c7a2e-8f8e-4a53-9a53-0d4b4ae2a7d1"
USER, PASSWORD, TICKET, CSRF = "mist@pve", "correct horse", "PVE:mist@pve:65E0::sig", "65E0:csrf"
NODES = ("pve1", "pve2")
TEMPLATE, CONTAINER_TEMPLATE, BARE_TEMPLATE = 9000, 9001, 9002
ARCHIVE, DISC = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst", "shared:iso/debian-13.1.0-amd64-netinst.iso"
GIB = 1 << 30
CLONE = {"newid", "description", "full", "pool", "snapname", "storage", "target", "bwlimit"}
CONFIG = {"description", "tags", "cores", "memory", "digest", "delete", "protection", "onboot", "hostname", "name"}
NETS = {f"net{number}" for number in range(4)}
QEMU = CONFIG | NETS | {"sockets", "sshkeys", "ciuser", "ipconfig0", "agent", "boot"}
LXC = CONFIG | NETS | {"swap", "nameserver"}
NEW_QEMU = QEMU | {"vmid", "scsi0", "scsihw", "ide2", "ostype", "start", "pool", "storage"}
NEW_LXC = LXC | {"vmid", "ostemplate", "rootfs", "unprivileged", "ssh-public-keys", "start", "pool", "storage"}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]*", re.IGNORECASE)


def died(message: str) -> Reply:
    """What a call answers whose code gave up."""
    return Reply(500, {"data": None, "message": f"{message}\n"})


class ProxmoxCloud(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.guests: dict[int, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.begun = 0
        self._guest(TEMPLATE, "qemu", "debian-13", {"ide2": "local-lvm:vm-9000-cloudinit,media=cdrom", "cores": "1"})
        self._guest(CONTAINER_TEMPLATE, "lxc", "debian-13-ct", {})
        self._guest(BARE_TEMPLATE, "qemu", "debian-12-bare", {})
        for each in self.guests.values():
            each["template"] = 1

    def authorize(self, request: Request) -> Reply | None:
        if request.path == "/api2/json/access/ticket":
            return None
        if request.headers.get("authorization") == f"PVEAPIToken={TOKEN_ID}={TOKEN_SECRET}":
            return None
        if request.headers.get("cookie") == f"PVEAuthCookie={TICKET}":
            written = request.method != "GET" and request.headers.get("csrfpreventiontoken") != CSRF
            return (
                Reply(401, {"data": None, "message": "Permission denied - invalid csrf token\n"}) if written else None
            )
        return Reply(401, b"")

    def unknown(self, request: Request) -> Answer:
        return Reply(501, {"data": None, "message": f"Method '{request.method} {request.path}' not implemented"})

    @route("POST", "/api2/json/access/ticket")
    def sign_in(self, request: Request) -> Answer:
        if (request.form.get("username"), request.form.get("password")) != (USER, PASSWORD):
            return Reply(401, {"data": None, "message": "authentication failure\n"})
        return {"data": {"username": USER, "ticket": TICKET, "CSRFPreventionToken": CSRF}}

    @route("GET", "/api2/json/cluster/resources")
    def resources(self, request: Request) -> Answer:
        kind = request.query.get("type")
        if kind == "node":
            node = {"type": "node", "status": "online", "maxcpu": 16, "maxmem": 64 * GIB}
            return {"data": [{**node, "node": name, "id": f"node/{name}"} for name in NODES]}
        if kind == "storage":
            return {"data": [{**each, "type": "storage", "status": "available"} for each in STORAGES]}
        return {"data": [self._listed(each) for each in self.guests.values()]}

    @route("GET", "/api2/json/cluster/nextid")
    def next_id(self, request: Request) -> Answer:
        return {"data": str(next(id for id in range(100, 1_000_000) if id not in self.guests))}

    @route("GET", "/api2/json/cluster/tasks")
    def all_tasks(self, request: Request) -> Answer:
        return {"data": [{"upid": upid, "type": each["type"], **each["end"]} for upid, each in self.tasks.items()]}

    @route("GET", "/api2/json/nodes/{node}/tasks/{upid}/status")
    def task(self, request: Request) -> Answer:
        found = self.tasks[request.ids["upid"]]
        found["looks"] += 1
        if found["looks"] == 2:
            problem = found["work"]()
            found["end"] = {"endtime": 1, "status": problem or "OK"}
        if found["looks"] < 2:
            return {"data": {"status": "running", "type": found["type"]}}
        return {"data": {"status": "stopped", "exitstatus": found["end"]["status"], "type": found["type"]}}

    @route("GET", "/api2/json/nodes/{node}/network")
    def network(self, request: Request) -> Answer:
        bridge = {"iface": "vmbr0", "type": "bridge", "active": 1, "cidr": "192.0.2.1/24", "comments": "the lab\n"}
        return {"data": [bridge]}

    @route("GET", "/api2/json/nodes/{node}/storage/{storage}/content")
    def content(self, request: Request) -> Answer:
        files = [each for each in (ARCHIVE, DISC) if each.startswith(f"{request.ids['storage']}:")]
        here = [each for each in files if f":{request.query['content']}/" in each]
        on_node = [each for each in here if each != ARCHIVE or request.ids["node"] == NODES[0]]
        return {"data": [{"volid": each, "size": 1000, "content": request.query["content"]} for each in on_node]}

    @route("POST", "/api2/json/nodes/{node}/{kind}/{id}/clone")
    def clone(self, request: Request) -> Answer:
        source, form, kind = self._found(request), request.form, request.ids["kind"]
        if source is None:
            return self._missing(request)
        named = "name" if kind == "qemu" else "hostname"
        wrong = _wrong(form, CLONE | {named}, named)
        id, node = int(form.get("newid", 0)), form.get("target", request.ids["node"])
        if wrong or node not in NODES:
            return wrong or died(f"no such cluster node '{node}'")
        if id in self.guests:
            return died(f"unable to create VM {id}: config file already exists")
        self._guest(id, kind, form.get(named, ""), {"lock": "clone"}, node)
        kept = {key: value for key, value in source["config"].items() if key not in ("description", "tags")}
        return self._begin("qmclone", lambda: self._cloned(id, {**kept, "description": form.get("description", "")}))

    @route("POST", "/api2/json/nodes/{node}/{kind}")
    def create(self, request: Request) -> Answer:
        kind, form = request.ids["kind"], request.form
        named, allowed = ("name", NEW_QEMU) if kind == "qemu" else ("hostname", NEW_LXC)
        wrong = _wrong(form, allowed, named)
        if wrong:
            return wrong
        id = int(form["vmid"])
        if id in self.guests:
            return died(f"unable to create CT {id} - CT {id} already exists on node '{request.ids['node']}'")
        self._guest(id, kind, form[named], {"lock": "create"}, request.ids["node"])
        config = {key: value for key, value in form.items() if key not in ("vmid", "start")}
        return self._begin("vzcreate", lambda: self._cloned(id, config, form.get("start") == "1"))

    @route("GET", "/api2/json/nodes/{node}/{kind}/{id}/config")
    def config(self, request: Request) -> Answer:
        guest = self._found(request)
        return {"data": {**guest["config"], "digest": str(guest["digest"])}} if guest else self._missing(request)

    @route("PUT", "/api2/json/nodes/{node}/{kind}/{id}/config")
    def change(self, request: Request) -> Answer:
        guest, form = self._found(request), request.form
        if guest is None:
            return self._missing(request)
        wrong = _wrong(form, QEMU if guest["type"] == "qemu" else LXC, "name")
        if wrong:
            return wrong
        if form.pop("digest", str(guest["digest"])) != str(guest["digest"]):
            return died("detected modified configuration - file changed by other user? Try again.")
        guest["config"].pop(form.pop("delete", ""), None)
        guest["config"] |= form
        guest["digest"] += 1
        return {"data": None}

    @route("PUT", "/api2/json/nodes/{node}/{kind}/{id}/resize")
    def resize(self, request: Request) -> Answer:
        guest = self._found(request)
        if guest is None:
            return self._missing(request)
        guest["grown"] = request.form
        return self._begin("resize", lambda: None)

    @route("GET", "/api2/json/nodes/{node}/{kind}/{id}/status/current")
    def status(self, request: Request) -> Answer:
        guest = self._found(request)
        if guest is None:
            return self._missing(request)
        listed = self._listed(guest)
        told = {"cpus": listed["maxcpu"], **{name: listed[name] for name in ("name", "status", "maxmem", "vmid")}}
        qmp = {"qmpstatus": guest["status"]} if guest["type"] == "qemu" else {}
        return {"data": {**told, **qmp, "tags": listed.get("tags"), "lock": listed.get("lock")}}

    @route("POST", "/api2/json/nodes/{node}/{kind}/{id}/status/{action}")
    def act(self, request: Request) -> Answer:
        guest, action = self._found(request), request.ids["action"]
        if guest is None:
            return self._missing(request)
        if (guest["status"] == "running") == (action == "start"):
            is_now = "already running" if action == "start" else "not running"
            return died(f"VM {guest['vmid']} {is_now}")
        guest["status"] = "stopped" if action in ("stop", "shutdown") else "running"
        return self._begin(f"qm{action}", lambda: None)

    @route("GET", "/api2/json/nodes/{node}/qemu/{id}/agent/network-get-interfaces")
    def agent(self, request: Request) -> Answer:
        loopback = {"name": "lo", "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}]}
        found = [{"ip-address": each, "prefix": 24} for each in ("192.0.2.77", "10.0.0.77", "fe80::1", "2001:db8::77")]
        return {"data": {"result": [loopback, {"name": "eth0", "ip-addresses": found}]}}

    @route("GET", "/api2/json/nodes/{node}/lxc/{id}/interfaces")
    def interfaces(self, request: Request) -> Answer:
        return {"data": [{"name": "lo", "inet": "127.0.0.1/8"}, {"name": "eth0", "inet": "10.0.0.78/24"}]}

    @route("DELETE", "/api2/json/nodes/{node}/{kind}/{id}")
    def destroy(self, request: Request) -> Answer:
        guest = self._found(request)
        if guest is None:
            return self._missing(request)
        if guest["status"] == "running":
            return died(f"VM {guest['vmid']} is running - destroy failed")
        return self._begin("qmdestroy", lambda: self._gone(guest["vmid"]))

    def fill(self, count: int) -> None:
        for number in range(count):
            self._guest(200_000 + number, "qemu", f"many-{number}", {})

    def empty(self) -> None:
        self.guests = {id: each for id, each in self.guests.items() if each["template"]}

    def _guest(self, id: int, kind: str, name: str, config: dict[str, Any], node: str = NODES[0]) -> None:
        told = {"vmid": id, "type": kind, "name": name, "status": "stopped", "template": 0, "digest": 1, "node": node}
        self.guests[id] = {**told, "config": config}

    def _listed(self, guest: dict[str, Any]) -> dict[str, Any]:
        config = guest["config"]
        told = {name: guest[name] for name in ("vmid", "type", "name", "status", "template", "node")}
        told |= {"id": f"{guest['type']}/{guest['vmid']}", "maxcpu": int(config.get("cores", 1))}
        told |= {"maxmem": int(config.get("memory", 512)) << 20, "maxdisk": 8 * GIB}
        return {**told, **{name: config[name] for name in ("tags", "lock") if config.get(name)}}

    def _found(self, request: Request) -> dict[str, Any] | None:
        id, node, kind = (request.ids[part] for part in ("id", "node", "kind") if part in request.ids)
        found = self.guests.get(int(id)) if id.isdecimal() else None
        return found if found and (found["node"], found["type"]) == (node, kind) else None

    def _missing(self, request: Request) -> Reply:
        path = "/".join(request.ids.get(part, "") for part in ("node", "kind", "id"))
        return died(f"Configuration file 'nodes/{path}.conf' does not exist")

    def _begin(self, kind: str, work: Callable[[], str | None]) -> Answer:
        self.begun += 1
        upid = f"UPID:{NODES[0]}:{self.begun:08X}:00000001:65E00000:{kind}:100:{TOKEN_ID}:"
        self.tasks[upid] = {"type": kind, "work": work, "looks": 0, "end": {}}
        return {"data": upid}

    def _cloned(self, id: int, config: dict[str, Any], start: bool = False) -> None:
        self.guests[id]["config"] = config
        self.guests[id]["status"] = "running" if start else "stopped"

    def _gone(self, id: int) -> None:
        self.guests.pop(id, None)


STORAGES: list[dict[str, Any]] = [
    *({"storage": "local", "node": node, "content": "vztmpl,backup", "shared": 0} for node in NODES),
    *({"storage": "local-lvm", "node": node, "content": "images,rootdir", "shared": 0} for node in NODES),
    *({"storage": "shared", "node": node, "content": "iso", "shared": 1} for node in NODES),
]


def _wrong(form: dict[str, str], allowed: set[str], named: str) -> Reply | None:
    """The refusal of parameters that are unknown or not of their form."""
    wrong = {name: "property is not defined in schema" for name in form if name not in allowed}
    if named in form and not _NAME.fullmatch(form[named]):
        wrong[named] = "invalid format - value does not look like a valid DNS name"
    for tag in filter(None, re.split("[;, ]", form.get("tags", ""))):
        if not _TAG.fullmatch(tag):
            wrong["tags"] = f"invalid format - invalid characters in tag: {tag}"
    keys = unquote(form.get("sshkeys", "")) or form.get("ssh-public-keys", "")
    if keys and (not keys.startswith(("ssh-", "ecdsa-")) or " " in form.get("sshkeys", "")):
        wrong["sshkeys"] = "invalid format - invalid urlencoded string"
    if not wrong:
        return None
    return Reply(400, {"data": None, "errors": wrong, "message": "Parameter verification failed.\n"})
