"""Containers as machines, images and networks as the catalog knows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mistserver.domain.catalog import Image, Network
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.docker.address import DockerAddress

MARK = "mist.mark"
_STATES = {
    "running": MachineState.RUNNING,
    "created": MachineState.STOPPED,
    "exited": MachineState.STOPPED,
    "paused": MachineState.PAUSED,
    "restarting": MachineState.REBOOTING,
    "removing": MachineState.TERMINATED,
    "dead": MachineState.ERROR,
}
_ACTIONS = {
    "running": (Action.STOP, Action.REBOOT, Action.DESTROY),
    "restarting": (Action.STOP, Action.DESTROY),
    "paused": (Action.START, Action.STOP, Action.DESTROY),
    "created": (Action.START, Action.DESTROY),
    "exited": (Action.START, Action.DESTROY),
    "dead": (Action.DESTROY,),
}
_ANY = ("0.0.0.0", "::", "")  # noqa: S104 - read, not bound to


def reading(container: dict[str, Any], where: DockerAddress) -> MachineReading:
    """One container as the list of containers shows it."""
    state = str(container.get("State", ""))
    labels = container.get("Labels") or {}
    names = [name.removeprefix("/") for name in container.get("Names") or []]
    published = _published(container, where)
    ssh = next((pair for port, pair in published if port == 22), (None, None))
    return MachineReading(
        external_id=container["Id"],
        name=next((name for name in names if name and "/" not in name), container["Id"][:12]),
        state=_STATES.get(state, MachineState.UNKNOWN),
        public_ips=tuple(dict.fromkeys(host for _, (host, _) in published if not _is_here(host))),
        private_ips=_private(container),
        image=container.get("Image"),
        actions=_ACTIONS.get(state, ()),
        created_at=_moment(container.get("Created")),
        ssh_host=ssh[0],
        ssh_port=ssh[1],
        mark=labels.get(MARK),
        extra=_extra(container, labels),
    )


def image(tag: str, each: dict[str, Any]) -> Image:
    """A local image under one of its tags."""
    created = _moment(each.get("Created"))
    extra = {"id": each.get("Id"), "size_bytes": each.get("Size")}
    if created is not None:
        extra["created_at"] = created.isoformat()
    return Image(id=tag, name=tag, star=True, extra=extra)


def network(each: dict[str, Any]) -> Network:
    """A network of the engine."""
    pools = (each.get("IPAM") or {}).get("Config") or []
    subnets = tuple({"cidr": pool.get("Subnet"), "gateway": pool.get("Gateway")} for pool in pools)
    extra = {"driver": each.get("Driver"), "internal": bool(each.get("Internal"))}
    return Network(
        id=each["Id"], name=each.get("Name", each["Id"]), status=each.get("Scope", ""), subnets=subnets, extra=extra
    )


def _moment(seconds: Any) -> datetime | None:
    """None for what is no time of this calendar."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _published(container: dict[str, Any], where: DockerAddress) -> list[tuple[int, tuple[str, int]]]:
    """Container port -> the address outside that leads to it, where it can be reached from here; IPv4 first."""
    found = []
    for port in container.get("Ports") or []:
        outside, inside, host = port.get("PublicPort"), port.get("PrivatePort"), str(port.get("IP") or "")
        if not outside or port.get("Type") != "tcp":
            continue
        if host in _ANY:
            host = where.host or "127.0.0.1"
        elif _is_here(host) and where.way != "unix" and not _is_here(where.host):
            continue
        found.append((int(inside), (host, int(outside))))
    return sorted(found, key=lambda each: (each[0], ":" in each[1][0]))


def _is_here(host: str) -> bool:
    return host.startswith("127.") or host in ("::1", "localhost")


def _private(container: dict[str, Any]) -> tuple[str, ...]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    four = [each.get("IPAddress") for each in networks.values()]
    six = [each.get("GlobalIPv6Address") for each in networks.values()]
    return tuple(dict.fromkeys(address for address in (*four, *six) if address))


def _extra(container: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    ports = sorted({f"{port.get('PrivatePort')}/{port.get('Type')}" for port in container.get("Ports") or []})
    found = {
        "command": container.get("Command"),
        "status": container.get("Status"),
        "networks": sorted(networks),
        "ports": ports,
        "labels": {name: value for name, value in labels.items() if name != MARK},
    }
    return {name: value for name, value in found.items() if value}
