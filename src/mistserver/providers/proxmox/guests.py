"""Guests of a cluster as machines: virtual machines of QEMU and containers of LXC."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.rest import Json
from mistserver.providers.shapes import Shape

KINDS = ("qemu", "lxc")
VIRTUAL, CONTAINER = KINDS
MARK = "mist-mark."  # what the tag begins with
_DESCRIBED, _PLANNED = "mist-mark: ", "mist-wanted: "
_MAKING = ("clone", "create")
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "running": MachineState.RUNNING,
        "stopped": MachineState.STOPPED,
        "paused": MachineState.PAUSED,
        "suspended": MachineState.PAUSED,
        "prelaunch": MachineState.PAUSED,
        "internal-error": MachineState.ERROR,
        "io-error": MachineState.ERROR,
        "shutdown": MachineState.STOPPED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PAUSED: (Action.START, Action.STOP, Action.DESTROY),
        MachineState.ERROR: (Action.STOP, Action.DESTROY),
    }
)


def reading(guest: Json, found: tuple[str, ...] = ()) -> MachineReading:
    """A guest as the cluster lists it, with the addresses that it was found to have.

    `detail` in it is what QEMU itself says of its state, where it was asked.
    """
    state = _STATES.get(str(guest.get("detail") or guest.get("status")), MachineState.UNKNOWN)
    state = MachineState.PENDING if guest.get("lock") in _MAKING else state
    public, private = addresses.split(found)
    tags = tags_of(guest.get("tags"))
    return MachineReading(
        external_id=str(int(guest["vmid"])),
        name=str(guest.get("name") or guest["vmid"]),
        state=state,
        public_ips=public,
        private_ips=private,
        size=_size(guest),
        location=str(guest["node"]),
        tags=tuple(tag for tag in tags if not tag.startswith(MARK)),
        actions=_OFFERED.get(state, ()),
        mark=next((mark for tag in tags if (mark := mark_of(tag)) is not None), None),
        extra=_extra(guest),
    )


def is_machine(resource: Json) -> bool:
    """Whether a resource is a guest, and no template for others."""
    return resource.get("type") in KINDS and str(resource.get("vmid")).isdecimal() and not resource.get("template")


def tags_of(text: Any) -> list[str]:
    """Tags as the cluster writes them: one text, in which several signs divide."""
    return [tag for tag in re.split(r"[;,\s]+", str(text or "")) if tag]


def mark_tag(mark: str) -> str:
    """The tag that tells a mark. Tags hold small letters, marks any."""
    return MARK + base64.b32encode(mark.encode()).decode().rstrip("=").lower()


def mark_of(tag: str) -> str | None:
    if not tag.startswith(MARK):
        return None
    packed = tag.removeprefix(MARK).upper()
    try:
        return base64.b32decode(packed + "=" * (-len(packed) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def described(mark: str, plan: Json | None = None) -> str:
    """The description that tells a mark (a clone takes no tags), and what is still to be done to the guest."""
    packed = "" if plan is None else f"\n{_PLANNED}{base64.b64encode(msgspec.json.encode(plan)).decode()}"
    return f"{_DESCRIBED}{mark}{packed}"


def is_described(config: Json, mark: str) -> bool:
    """Whether a guest's configuration tells the mark."""
    return f"{_DESCRIBED}{mark}" in _lines(config) or mark_tag(mark) in tags_of(config.get("tags"))


def plan_of(config: Json) -> Json | None:
    """What is still to be done to a guest; None for one that is done."""
    packed = next((line.removeprefix(_PLANNED) for line in _lines(config) if line.startswith(_PLANNED)), None)
    try:
        return None if packed is None else dict(msgspec.json.decode(base64.b64decode(packed)))
    except (binascii.Error, msgspec.DecodeError, ValueError, TypeError):
        return None


def _lines(config: Json) -> list[str]:
    return [line.strip() for line in str(config.get("description") or "").splitlines()]


def agents_addresses(told: Any) -> Iterator[str]:
    """What the agent within a virtual machine says, without the machine's talk to itself."""
    for card in told["result"]:
        if card.get("name") != "lo":
            yield from (str(each["ip-address"]) for each in card.get("ip-addresses") or [])


def containers_addresses(told: Any) -> Iterator[str]:
    for card in told:
        if card.get("name") != "lo":
            yield from (str(card[family]) for family in ("inet", "inet6") if card.get(family))


def _size(guest: Json) -> str | None:
    cores, memory = guest.get("maxcpu"), guest.get("maxmem")
    if not isinstance(cores, int | float) or not isinstance(memory, int) or cores < 1 or cores != int(cores):
        return None
    return Shape(int(cores), memory >> 20).id


def _extra(guest: Json) -> dict[str, Any]:
    disk = guest.get("maxdisk")
    found = {
        "type": guest["type"],
        "pool": guest.get("pool"),
        "lock": guest.get("lock"),
        "disk_gb": round(disk / (1 << 30)) if isinstance(disk, int) else None,
        "ha": guest.get("hastate"),
    }
    return {name: value for name, value in found.items() if value}
