"""Instances as machines, and tags as keys of their configuration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.rest import Json
from mistserver.providers.shapes import Shape

MARK = "user.mist-mark"
KEY = "user.mist-key"
_TAG = "user.mist-tag."
VIRTUAL = "virtual-machine"

_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "running": MachineState.RUNNING,
        "stopped": MachineState.STOPPED,
        "frozen": MachineState.PAUSED,
        "starting": MachineState.PENDING,
        "stopping": MachineState.PENDING,
        "freezing": MachineState.PENDING,
        "thawed": MachineState.RUNNING,
        "ready": MachineState.RUNNING,
        "aborting": MachineState.PENDING,
        "error": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PAUSED: (Action.START, Action.STOP, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.ERROR: (Action.STOP, Action.DESTROY),
    }
)
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_AMOUNT = re.compile(r"(\d{1,18})\s*([a-z]{0,3})\Z", re.IGNORECASE)


def reading(instance: Json) -> MachineReading:
    """One instance, with its state where the server told it."""
    config, expanded = instance["config"] or {}, instance.get("expanded_config") or {}
    state = _STATES.get(str(instance["status"]).lower(), MachineState.UNKNOWN)
    shown = (instance.get("state") or {}) | {"virtual": instance.get("type") == VIRTUAL}
    public, private = addresses.split(_addresses(shown))
    offered = _OFFERED.get(state, ())
    if shown["virtual"] and state is MachineState.RUNNING:
        offered = tuple(action for action in offered if action is not Action.RESIZE)
    return MachineReading(
        external_id=instance["name"],
        name=instance["name"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=size_of(expanded),
        image=str(config.get("volatile.base_image") or "") or None,
        location=None if instance.get("location") in (None, "", "none") else instance["location"],
        tags=tuple(sorted(value for key, value in config.items() if key.startswith(_TAG))),
        actions=offered,
        created_at=moment(instance.get("created_at")),
        mark=config.get(MARK),
        extra=_extra(instance, config),
    )


def never_started(instance: Json) -> bool:
    """Whether it was made and not started yet, ever."""
    used = moment(instance.get("last_used_at"))
    return str(instance["status"]).lower() == "stopped" and (used is None or used.year < 2000)


def tag_key(tag: str) -> str:
    """The key under which a tag is kept; its value is the tag. Keys take few characters, values any."""
    return _TAG + hashlib.sha256(tag.encode()).hexdigest()[:16]


def size_of(config: Mapping[str, Any]) -> str | None:
    """Cores and memory as a size; None where either is not limited, or by something else than a number."""
    cores, memory = str(config.get("limits.cpu", "")), amount(config.get("limits.memory"))
    if not cores.isdecimal() or memory is None:
        return None
    return Shape(int(cores), memory >> 20).id


def amount(text: Any) -> int | None:
    """Bytes, from what the server writes as 512MiB; None for percentages and the like."""
    match = _AMOUNT.match(str(text or ""))
    unit = _UNITS.get(match[2].lower()) if match else None
    return int(match[1]) * unit if match and unit else None


def moment(text: Any) -> datetime | None:
    """Aware, in UTC; None for what is no time. The server tells nanoseconds."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _addresses(state: Mapping[str, Any]) -> Iterator[str]:
    """Of containers without those that only lead to containers within (bridges of their own)."""
    for name, card in (state.get("network") or {}).items():
        if card.get("type") == "loopback" or name == "lo":
            continue
        if not state["virtual"] and not card.get("host_name") and card.get("type") != "broadcast":
            continue
        for each in card.get("addresses") or []:
            if each.get("scope") == "global":
                yield each["address"]


def _extra(instance: Json, config: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in config.items() if key.startswith("user.") and not key.endswith("-data")}
    found = {
        "type": instance.get("type"),
        "architecture": instance.get("architecture"),
        "profiles": instance.get("profiles"),
        "description": instance.get("description"),
        "ephemeral": instance.get("ephemeral"),
        "os": config.get("image.os"),
        "release": config.get("image.release"),
        "config": {key: value for key, value in own.items() if key not in (MARK, KEY) and not key.startswith(_TAG)},
    }
    return {name: value for name, value in found.items() if value}
