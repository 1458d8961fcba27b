"""Scaleway's servers as machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

MARK = "mist-mark:"
UNFINISHED = "mist-unfinished"  # made, but not told yet all that its create has to tell it
KEY = "AUTHORIZED_KEY="  # a tag from which the machine takes a public key when it boots

STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "starting": MachineState.PENDING,
        "running": MachineState.RUNNING,
        "stopping": MachineState.PENDING,
        "stopped": MachineState.STOPPED,
        "stopped in place": MachineState.STOPPED,
        "stopped_in_place": MachineState.STOPPED,
        "locked": MachineState.SUSPENDED,
    }
)
_OFFERED: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {
        "running": (Action.STOP, Action.REBOOT, Action.DESTROY),
        "stopped": (Action.START, Action.RESIZE, Action.DESTROY),
        "stopped in place": (Action.START, Action.DESTROY),
        "stopped_in_place": (Action.START, Action.DESTROY),
    }
)


def reading(server: Json, private: Mapping[str, list[str]] = MappingProxyType({})) -> MachineReading:
    """One server. `private` gives the addresses that its private network interfaces hold, by the interface's id."""
    tags = [str(tag) for tag in server.get("tags") or []]
    inside = [address for nic in server.get("private_nics") or [] for address in private.get(str(nic["id"]), [])]
    image = server.get("image") or {}
    return MachineReading(
        external_id=str(server["id"]),
        name=server["name"],
        state=STATES.get(server["state"], MachineState.UNKNOWN),
        public_ips=_once(_public(server)),
        private_ips=_once([server.get("private_ip"), *inside]),
        size=server.get("commercial_type"),
        image=image.get("id"),
        location=server.get("zone"),
        tags=tuple(tag for tag in tags if not _is_ours(tag)),
        actions=_OFFERED.get(server["state"], ()),
        created_at=datetime.fromisoformat(server["creation_date"]) if server.get("creation_date") else None,
        mark=next((tag.removeprefix(MARK) for tag in tags if tag.startswith(MARK)), None),
        extra={
            "image_name": image.get("name"),
            "state_detail": server.get("state_detail") or "",
            "security_group": (server.get("security_group") or {}).get("id"),
            "networks": [nic.get("private_network_id") for nic in server.get("private_nics") or []],
            "architecture": server.get("arch"),
        },
    )


def user_tags(server: Json, tags: Iterable[str]) -> list[str]:
    """All tags that the server has to hold so that a user sees these."""
    return [tag for tag in server.get("tags") or [] if _is_ours(tag)] + list(tags)


def _is_ours(tag: str) -> bool:
    return tag == UNFINISHED or tag.startswith((MARK, KEY))


def _public(server: Json) -> list[Any]:
    found = [server.get("public_ip"), *(server.get("public_ips") or []), server.get("ipv6")]
    return [each.get("address") for each in found if each]


def _once(addresses: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address in addresses if address))
