"""CloudStack's API, as https://cloudstack.apache.org/api/ and its developers' guide describe it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
from typing import Any
from uuid import uuid4

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of

API_KEY, SECRET = "miVr6X7u6bN_sdahOBpjNejPgEsT35eXq", "VDaACYb0LV9eNjTetIOElcVQkvJck"
ZONES = [{"id": "1128bd56", "name": "CH-GV2"}, {"id": "1747ef5e", "name": "Bern"}]
OFFERINGS = [
    {"id": "b6cd1ff5", "name": "Small", "cpunumber": 2, "memory": 2048, "rootdisksize": 20},
    {"id": "21624abb", "name": "Large", "cpunumber": 4, "memory": 8192},
    {"id": "0b6f6a4b", "name": "Own", "iscustomized": True},
]
TEMPLATES = [
    {"id": "a17b40d6", "name": "Debian 13", "isready": True, "zonename": "CH-GV2"},
    {"id": "a17b40d6", "name": "Debian 13", "isready": True, "zonename": "Bern"},
    {"id": "a17b40d7", "name": "Debian 12", "isready": True},
    {"id": "a17b40d8", "name": "Debian 9", "isready": True},
    {"id": "a17b40d9", "name": "Debian 14", "isready": False},
]
OWN = [{"id": "c0ffee00", "name": "golden", "isready": True}]
NETWORKS = [{"id": "00304a04", "name": "front", "state": "Implemented", "cidr": "10.1.1.0/24", "type": "Isolated"}]
_TURNS = {
    "startVirtualMachine": ("Stopped", "Running"),
    "stopVirtualMachine": ("Running", "Stopped"),
    "rebootVirtualMachine": ("Running", "Running"),
}


class CloudStackCloud(StandIn):
    """Machines act at once; at most 50 items an answer. `fails` is a command that is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.machines: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.deployed: list[dict[str, str]] = []
        self.fails: str | None = None

    def handle(self, request: Request) -> Answer:
        asked = {**request.query, **request.form}
        command = asked["command"]
        if not _signed(dict(asked)):
            return refusal(command, 401, "unable to verify user credentials and/or request signature")
        if command == self.fails:
            return refusal(command, 530, "Internal error")
        handler = getattr(self, f"on_{command}", None)
        if command in _TURNS or command in ("destroyVirtualMachine", "scaleVirtualMachine"):
            handler = self._change
        answer: Answer = handler(asked) if handler else refusal(command, 432, "The given command does not exist")
        return answer

    def on_listVirtualMachines(self, asked: dict[str, str]) -> Answer:
        if "id" in asked and asked["id"] not in self.machines:
            return _no_entity(asked)
        return _page(asked, "virtualmachine", [m for id, m in self.machines.items() if asked.get("id", id) == id])

    def on_listTemplates(self, asked: dict[str, str]) -> Answer:
        found = OWN if asked["templatefilter"] == "self" else [*TEMPLATES, *OWN]
        wanted = asked.get("keyword", "").lower()
        return _page(asked, "template", [each for each in found if wanted in str(each["name"]).lower()])

    def on_listServiceOfferings(self, asked: dict[str, str]) -> Answer:
        return _page(asked, "serviceoffering", OFFERINGS)

    def on_listZones(self, asked: dict[str, str]) -> Answer:
        return _page(asked, "zone", ZONES)

    def on_listNetworks(self, asked: dict[str, str]) -> Answer:
        return _page(asked, "network", NETWORKS)

    def on_listSSHKeyPairs(self, asked: dict[str, str]) -> Answer:
        found = [{"name": name, "fingerprint": mark} for name, mark in self.keys.items()]
        return _page(asked, "sshkeypair", found)

    def on_registerSSHKeyPair(self, asked: dict[str, str]) -> Answer:
        if asked["name"] in self.keys:
            return refusal(asked["command"], 431, f"A key pair with name '{asked['name']}' already exists.")
        digest = hashlib.md5(base64.b64decode(asked["publickey"].split()[1])).hexdigest()
        self.keys[asked["name"]] = ":".join(a + b for a, b in zip(digest[::2], digest[1::2], strict=True))
        return _answer(asked, {"keypair": {"name": asked["name"]}})

    def on_deployVirtualMachine(self, asked: dict[str, str]) -> Answer:
        self.deployed.append(asked)
        if asked["templateid"] not in {each["id"] for each in [*TEMPLATES, *OWN]}:
            return refusal(asked["command"], 431, f"Unable to use template {asked['templateid']}")
        details = {name.partition(".")[2]: value for name, value in asked.items() if name.startswith("details[0].")}
        machine = self._machine(asked["name"], asked["serviceofferingid"], asked["zoneid"], details)
        return _answer(asked, {"id": machine["id"], "jobid": str(uuid4())})

    def on_createTags(self, asked: dict[str, str]) -> Answer:
        machine = self.machines.get(asked["resourceids"])
        if machine is None:
            return _no_entity(asked)
        for number in range(10):
            key, value = asked.get(f"tags[{number}].key"), asked.get(f"tags[{number}].value")
            if key and not value:
                return refusal(asked["command"], 431, f"No value is passed in for key {key}")
            if key in {each["key"] for each in machine["tags"]}:
                return refusal(asked["command"], 431, f"tag {key} already on UserVm with id {machine['id']}")
            machine["tags"] += [{"key": key, "value": value}] if key else []
        return _answer(asked, {"jobid": str(uuid4())})

    def on_deleteTags(self, asked: dict[str, str]) -> Answer:
        machine = self.machines[asked["resourceids"]]
        machine["tags"] = [each for each in machine["tags"] if each["key"] != asked["tags[0].key"]]
        return _answer(asked, {"jobid": str(uuid4())})

    def fill(self, count: int) -> None:
        for number in range(count):
            self._machine(f"many-{number}", "b6cd1ff5", "1128bd56", {})

    def empty(self) -> None:
        self.machines.clear()

    def _change(self, asked: dict[str, str]) -> Answer:
        machine = self.machines.get(asked["id"])
        if machine is None:
            return _no_entity(asked)
        old, new = _TURNS.get(asked["command"], (machine["state"], machine["state"]))
        if machine["state"] != old:
            return refusal(asked["command"], 530, f"VM is not in state {old}")
        machine["state"] = "Destroyed" if asked["command"].startswith("destroy") else new
        machine["serviceofferingid"] = asked.get("serviceofferingid", machine["serviceofferingid"])
        return _answer(asked, {"jobid": str(uuid4())})

    def _machine(self, name: str, size: str, zone: str, details: dict[str, str]) -> dict[str, Any]:
        id = str(uuid4())
        self.machines[id] = {
            "id": id,
            "name": name,
            "displayname": name,
            "state": "Running",
            "created": "2026-07-21T18:37:44+0000",
            "zoneid": zone,
            "zonename": {each["id"]: each["name"] for each in ZONES}[zone],
            "templateid": "a17b40d6",
            "serviceofferingid": size,
            "nic": [{"networkid": "00304a04", "ipaddress": "10.1.1.7", "ip6address": "2001:41d0::7"}],
            "publicip": "185.19.28.7",
            "tags": [],
            "details": details,
        }
        return self.machines[id]


def refusal(command: str, code: int, words: str) -> Reply:
    """An error as the vendor writes it."""
    return Reply(code, {f"{command.lower()}response": {"uuidList": [], "errorcode": code, "errortext": words}})


def _signed(asked: dict[str, str]) -> bool:
    """As the vendor's `ApiServer.verifyRequest` does it, with what Java's URLEncoder leaves alone."""
    given, secret = asked.pop("signature", ""), SECRET if asked.get("apiKey") == API_KEY else "nobody's"
    plain = string.ascii_letters + string.digits + "-_.*"
    told = []
    for name in sorted(asked):
        escaped = (chr(byte) if chr(byte) in plain else f"%{byte:02x}" for byte in asked[name].encode())
        told.append(f"{name}={''.join(escaped)}".lower())
    mac = hmac.new(secret.encode(), "&".join(told).encode(), hashlib.sha1).digest()
    return base64.b64encode(mac).decode() == given


def _page(asked: dict[str, str], key: str, items: list[Any]) -> Answer:
    shown, _ = page_of(items, int(asked["page"]), min(50, int(asked["pagesize"])))
    return _answer(asked, {"count": len(items), key: shown} if shown else {})


def _answer(asked: dict[str, str], body: dict[str, Any]) -> Answer:
    return {f"{asked['command'].lower()}response": body}


def _no_entity(asked: dict[str, str]) -> Reply:
    words = f"Unable to execute API command {asked['command'].lower()} due to invalid value. Invalid parameter id "
    return refusal(asked["command"], 431, words + "or entity does not exist")
