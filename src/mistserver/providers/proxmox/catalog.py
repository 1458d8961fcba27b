"""What a cluster offers to build machines from: templates, archives of containers, installation discs, bridges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers import images as choice
from mistserver.providers import locations, shapes
from mistserver.providers.http_errors import understood
from mistserver.providers.proxmox.api import Api, is_node
from mistserver.providers.proxmox.guests import is_machine
from mistserver.providers.proxmox.settings import TITLE
from mistserver.providers.rest import Json

ARCHIVE, DISC = "vztmpl", "iso"
_STORAGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]")


@dataclass
class File:
    """An archive or a disc, and the nodes that have it."""

    volume: str
    kind: str
    size: int | None = None
    nodes: list[str] = field(default_factory=list)


def images(api: Api, search: str | None) -> list[Image]:
    templates = [_template(each) for each in templates_of(api)]
    return choice.shown([_file(each) for each in files(api)], search, templates)


def templates_of(api: Api) -> list[Json]:
    found = [each for each in api.listed("cluster", "resources", type="vm") if each.get("template")]
    return [each for each in found if is_machine({**each, "template": 0}) and is_node(each.get("node"))]


def files(api: Api) -> list[File]:
    """On every storage of every node that answers; storages that nodes share are asked once."""
    found: dict[str, File] = {}
    asked: set[str] = set()
    for storage in storages(api):
        name, node = str(storage["storage"]), str(storage["node"])
        kinds = [kind for kind in (ARCHIVE, DISC) if kind in str(storage.get("content") or "").split(",")]
        if storage.get("shared") and name in asked:
            continue
        asked.add(name)
        for kind in kinds:
            for each in api.listed("nodes", node, "storage", name, "content", content=kind):
                with understood(api.where):
                    file = found.setdefault(each["volid"], File(each["volid"], kind, each.get("size")))
                    file.nodes += [] if storage.get("shared") else [node]
    return list(found.values())


def storages(api: Api) -> Iterator[Json]:
    """Those that can be used now."""
    for each in api.listed("cluster", "resources", type="storage"):
        usable = _STORAGE.fullmatch(str(each.get("storage"))) and is_node(each.get("node"))
        if usable and each.get("status") == "available":
            yield each


def sizes(api: Api, driver: str) -> list[Size]:
    """The common sizes that fit the largest node; any other may be written in the same way."""
    found = nodes(api)
    with understood(api.where):
        cores = max((int(each.get("maxcpu") or 0) for each in found), default=0)
        memory = max((int(each.get("maxmem") or 0) for each in found), default=0)
        return shapes.offered(cores, memory >> 20, driver)


def nodes(api: Api) -> list[Json]:
    found = api.listed("cluster", "resources", type="node")
    return [each for each in found if each.get("status") == "online" and is_node(each.get("node"))]


def all_locations(api: Api) -> list[Location]:
    names = sorted(str(each["node"]) for each in nodes(api))
    return [Location(id=name, name=name) for name in names]


def node_meant(api: Api, location: str) -> str:
    return locations.meant(TITLE, location, all_locations(api)).id


def networks(api: Api) -> list[Network]:
    """Bridges, by their names; the nodes that have one stand in its extra."""
    found: dict[str, Network] = {}
    for location in all_locations(api):
        for each in bridges(api, location.id):
            with understood(api.where):
                known = found.get(each["iface"]) or _network(each)
                known.extra["nodes"].append(location.id)
                found[known.id] = known
    return list(found.values())


def bridges(api: Api, node: str) -> list[Json]:
    return api.listed("nodes", node, "network", type="any_bridge")


def disk_storage(api: Api, node: str, content: str, wanted: Any) -> str:
    """The storage for a new disk: as asked for, else the node's first that takes such."""
    if wanted:
        return str(wanted)
    for each in storages(api):
        if each["node"] == node and content in str(each.get("content") or "").split(","):
            return str(each["storage"])
    raise InvalidInput(f"No storage of the node {node} takes disks; give extra.storage.", field="extra.storage")


def _template(guest: Json) -> Image:
    extra = {"type": guest.get("type"), "node": guest.get("node"), "tags": guest.get("tags")}
    return Image(id=str(guest.get("vmid")), name=str(guest.get("name") or guest.get("vmid")), extra=extra)


def _file(file: File) -> Image:
    name = file.volume.rpartition("/")[2]
    return Image(id=file.volume, name=name, extra={"kind": file.kind, "size_bytes": file.size, "nodes": file.nodes})


def _network(bridge: Json) -> Network:
    ranges = [bridge.get(part) for part in ("cidr", "cidr6")]
    return Network(
        id=bridge["iface"],
        name=bridge["iface"],
        status="active" if bridge.get("active") else "inactive",
        subnets=tuple({"cidr": cidr} for cidr in ranges if cidr),
        extra={"type": bridge.get("type"), "comment": str(bridge.get("comments") or "").strip(), "nodes": []},
    )
