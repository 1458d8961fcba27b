"""Making a guest: a template's clone, a container from an archive, or an empty machine with an installation disc."""

from __future__ import annotations

import contextlib
import re
from typing import Any
from urllib.parse import quote

from mistserver.domain.errors import (
    AlreadyExists,
    InvalidInput,
    MistError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRejected,
)
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks, shapes
from mistserver.providers.http_errors import understood
from mistserver.providers.proxmox import catalog
from mistserver.providers.proxmox.api import Api
from mistserver.providers.proxmox.guests import (
    CONTAINER,
    VIRTUAL,
    described,
    is_described,
    is_machine,
    mark_tag,
    plan_of,
    tags_of,
)
from mistserver.providers.proxmox.settings import TITLE
from mistserver.providers.rest import Json

CREATE_TIMEOUT_S = 3600.0  # a full clone copies a disk
TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]{0,100}")
TAG_RULE = "tags of small letters, digits, dots, dashes, underscores and plus signs"
_NAME = re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_RULE = "names of up to 63 letters, digits, dashes and dots, none of them but letters and digits at an end"
_BRIDGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,30}")
_VOLUME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*:(vztmpl|iso)/[^\s,/]+")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_EXTRA = {"storage": str, "pool": str, "full": bool, "ip": str, "user": str, "ostype": str}
_MAKINGS = ("qmclone", "vzclone", "qmcreate", "vzcreate")
_TRIES = 5  # at an id that somebody else is faster to take
_EMPTY_DISK_GB = 20


def check_spec(spec: MachineSpec) -> None:
    """What the cluster would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _RULE)
    checks.needs(TITLE, spec, "image")
    checks.options(TITLE, spec, _EXTRA)
    shapes.parse(spec.size)
    if spec.user_data is not None:
        raise InvalidInput(f"{TITLE} takes no user data over its API; put it into the template.", field="user_data")
    if not spec.image.isdecimal() and not _VOLUME.fullmatch(spec.image):
        message = "An image is a template's number, or a volume as local:vztmpl/name or local:iso/name."
        raise InvalidInput(message, field="image")
    if ":iso/" in spec.image and spec.public_key:
        raise InvalidInput("A machine that boots an installation disc takes no key.", field="key")
    for network in spec.networks:
        if not _BRIDGE.fullmatch(network):
            raise InvalidInput(f"{network[:80]!a} cannot be the name of a bridge.", field="networks")
    for tag in spec.tags:
        check_tag(tag)
    for name, value in spec.extra.items():
        if isinstance(value, str) and not _PLAIN.fullmatch(value):
            raise InvalidInput(f"extra.{name} is empty, too long or holds a control character.", field=f"extra.{name}")


def check_tag(tag: str) -> None:
    if not TAG.fullmatch(tag):
        raise InvalidInput(f"{TITLE} takes {TAG_RULE}; {tag[:80]!a} does not fit.", field="tag")


def create(api: Api, spec: MachineSpec) -> str:
    """The id of a started guest that carries the mark."""
    for _ in range(_TRIES):
        id = str(api.get("cluster", "nextid"))
        if not id.isdecimal():
            raise ProviderRejected(f"{TITLE} has no free number for another machine.")
        try:
            _made(api, spec, id)
        except AlreadyExists:  # somebody else took the number
            continue
        return id
    raise ProviderRejected(f"Others took every number that {TITLE} offered; try again.")


def find(api: Api, mark: str) -> Json | None:
    """The guest that carries the mark; one whose making broke off is gone on with.

    Waits for what is being made: a clone shows its mark only when it is done. ProviderTimeout when that takes long.
    """
    found = _marked(api, mark)
    if found is None and _waited(api):
        found = _marked(api, mark)
    return found


def _marked(api: Api, mark: str) -> Json | None:
    guests = [each for each in api.listed("cluster", "resources", type="vm") if is_machine(each)]
    tagged = next((each for each in guests if mark_tag(mark) in tags_of(each.get("tags"))), None)
    for each in [tagged] if tagged else sorted(guests, key=lambda guest: -int(guest["vmid"])):
        with contextlib.suppress(ProviderNotFound):
            config = config_of(api, each)
            if is_described(config, mark):
                if config.get("lock"):
                    return None
                finish(api, each, mark, plan_of(config))
                return each
    return None


def _waited(api: Api) -> bool:
    """Whether there was something being made that is done by now."""
    makings = [
        each for each in api.listed("cluster", "tasks") if each.get("type") in _MAKINGS and not each.get("endtime")
    ]
    for each in makings:
        with contextlib.suppress(ProviderRejected, ProviderNotFound, ProviderQuota, AlreadyExists):
            api.finished(each.get("upid"), api.timeout_s)
    return bool(makings)


def finish(api: Api, guest: Json, mark: str, plan: Json | None) -> None:
    """What a clone does not take along: key, size, networks and tags; then the start."""
    if plan is None:
        return
    path = where(guest)
    with understood(api.where):
        wanted, disk_gb = dict(plan["config"]), plan.get("disk_gb")
    if disk_gb is not None:
        _grow(api, guest, int(disk_gb))
    api.put(*path, "config", **wanted)
    told = api.get(*path, "status", "current")
    with understood(api.where):
        runs = told["status"] == "running"
    if not runs:
        api.finished(api.post(*path, "status", "start"), CREATE_TIMEOUT_S)
    api.put(*path, "config", description=described(mark))


def config_of(api: Api, guest: Json) -> Json:
    found = api.get(*where(guest), "config")
    with understood(api.where):
        return dict(found)


def where(guest: Json) -> tuple[str, str, str, str]:
    """The path of a guest."""
    return "nodes", str(guest["node"]), str(guest["type"]), str(int(guest["vmid"]))


def _made(api: Api, spec: MachineSpec, id: str) -> None:
    """AlreadyExists when the number is taken meanwhile; nothing is done then to the guest that has it."""
    if not spec.image.isdecimal():
        node, wanted, kind = _from_file(api, spec)
        begun = api.post("nodes", node, kind, vmid=id, **wanted)
        api.finished(begun, CREATE_TIMEOUT_S)
        return
    template = next((each for each in catalog.templates_of(api) if str(each.get("vmid")) == spec.image), None)
    if template is None:
        raise ProviderNotFound(f"{TITLE} has no template with the number {spec.image[:40]}.", image=spec.image[:40])
    if spec.public_key and template["type"] == CONTAINER:
        raise InvalidInput("A container's clone takes no key; make it from an archive.", field="key")
    target = catalog.node_meant(api, spec.location) if spec.location else str(template["node"])
    plan = {"config": _changes(api, template, spec), "disk_gb": shapes.parse(spec.size).disk_gb}
    begun = api.post(*where(template), "clone", **_clone(spec, template, target, (id, plan)))
    api.finished(begun, CREATE_TIMEOUT_S)
    guest = {"vmid": id, "node": target, "type": template["type"]}
    if not is_described(config_of(api, guest), spec.mark):
        raise AlreadyExists(f"Somebody else made a machine with the number {id}.")
    try:
        finish(api, guest, spec.mark, plan)
    except (ProviderRejected, ProviderNotFound, InvalidInput):
        with contextlib.suppress(MistError):
            api.delete(*where(guest), purge=1)
        raise


def _clone(spec: MachineSpec, template: Json, target: str, new: tuple[str, Json]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"newid": new[0], "description": described(spec.mark, new[1])}
    wanted["name" if template["type"] == VIRTUAL else "hostname"] = spec.name
    wanted |= {"target": target} if target != template["node"] else {}
    wanted |= {name: spec.extra[name] for name in ("pool", "storage", "full") if name in spec.extra}
    if "storage" in spec.extra:
        wanted["full"] = True  # else it could not lie elsewhere than the template
    return wanted


def _changes(api: Api, template: Json, spec: MachineSpec) -> dict[str, Any]:
    """`sshkeys` is encoded as in a URL, and once more like all that is sent: so the cluster wants it."""
    kind, wanted = template["type"], {"tags": ";".join([*spec.tags, mark_tag(spec.mark)])}
    if spec.size:
        shape = shapes.parse(spec.size)
        wanted |= {"cores": str(shape.cores), "memory": str(shape.ram_mb)} | (
            {"sockets": "1"} if kind == VIRTUAL else {}
        )
    for number, bridge in enumerate(spec.networks):
        wanted[f"net{number}"] = _card(kind, number, bridge)
    asks = bool(spec.public_key or spec.extra.get("user") or spec.extra.get("ip"))
    if not asks or kind == CONTAINER:
        return wanted
    if not any("cloudinit" in str(value) for value in config_of(api, template).values()):
        raise InvalidInput(
            f"The template {spec.image} has no cloud-init drive, by which keys, users and addresses reach a machine.",
            field="key",
        )
    wanted |= {"sshkeys": quote(spec.public_key.strip(), safe="")} if spec.public_key else {}
    wanted |= {"ciuser": spec.extra["user"]} if spec.extra.get("user") else {}
    return wanted | {"ipconfig0": spec.extra.get("ip") or "ip=dhcp"}


def _card(kind: str, number: int, bridge: str) -> str:
    return f"virtio,bridge={bridge}" if kind == VIRTUAL else f"name=eth{number},bridge={bridge},ip=dhcp,ip6=auto"


def _grow(api: Api, guest: Json, disk_gb: int) -> None:
    """The disk that it boots from. A container's is called rootfs; a virtual machine says which."""
    disk = "rootfs"
    if guest["type"] == VIRTUAL:
        config = config_of(api, guest)
        order = re.search(r"order=([a-z0-9]+)", str(config.get("boot") or ""))
        usual = ("scsi0", "virtio0", "sata0", "ide0")
        disk = order[1] if order else str(config.get("bootdisk") or next((d for d in usual if d in config), "scsi0"))
    begun = api.put(*where(guest), "resize", disk=disk, size=f"{disk_gb}G")
    if isinstance(begun, str):  # versions before 8 do it at once
        api.finished(begun, CREATE_TIMEOUT_S)


def _from_file(api: Api, spec: MachineSpec) -> tuple[str, dict[str, Any], str]:
    """Node, parameters and kind of a guest that is made from an archive or a disc, mark and start in the same call."""
    file = next((each for each in catalog.files(api) if each.volume == spec.image), None)
    if file is None:
        raise ProviderNotFound(f"{TITLE} has no volume {spec.image[:200]!a}.", image=spec.image[:200])
    everywhere = [each.id for each in catalog.all_locations(api)]
    node = catalog.node_meant(api, spec.location) if spec.location else (file.nodes or everywhere)[0]
    if file.nodes and node not in file.nodes:
        raise InvalidInput(f"{spec.image} is not on {node}; it is on {', '.join(file.nodes)}.", field="location")
    shape = shapes.parse(spec.size)
    disk_gb, archive = shape.disk_gb or _EMPTY_DISK_GB, file.kind == catalog.ARCHIVE
    kind = CONTAINER if archive else VIRTUAL
    storage = catalog.disk_storage(api, node, "rootdir" if archive else "images", spec.extra.get("storage"))
    bridges = list(spec.networks) or [str(each.get("iface")) for each in catalog.bridges(api, node)][:1]
    wanted: dict[str, Any] = {
        "description": described(spec.mark),
        "tags": ";".join([*spec.tags, mark_tag(spec.mark)]),
        "cores": shape.cores,
        "memory": shape.ram_mb,
        "start": True,
        **{f"net{number}": _card(kind, number, bridge) for number, bridge in enumerate(bridges)},
        **({"pool": spec.extra["pool"]} if "pool" in spec.extra else {}),
    }
    if archive:
        wanted |= {"hostname": spec.name, "ostemplate": file.volume, "rootfs": f"{storage}:{disk_gb}"}
        wanted |= {"unprivileged": True}
        wanted |= {"ssh-public-keys": spec.public_key.strip()} if spec.public_key else {}
    else:
        wanted |= {"name": spec.name, "ide2": f"{file.volume},media=cdrom", "scsi0": f"{storage}:{disk_gb}"}
        wanted |= {"scsihw": "virtio-scsi-single", "ostype": spec.extra.get("ostype", "l26")}
    return node, wanted, kind
