"""Virtual machines as machines."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.shapes import Shape
from mistserver.providers.vsphere.api import Told

MARK = "mist-mark: "  # a line of the annotation
PATHS = (
    *("name", "config.template", "config.annotation", "config.guestFullName", "config.createDate", "summary.config"),
    *("runtime.powerState", "runtime.connectionState", "runtime.host", "guest.net", "guest.ipAddress"),
    "guest.toolsRunningStatus",
)
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "poweredOn": MachineState.RUNNING,
        "poweredOff": MachineState.STOPPED,
        "suspended": MachineState.SUSPENDED,
    }
)
_CONNECTED = ("connected", "None")
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.SUSPENDED: (Action.START, Action.STOP, Action.DESTROY),
    }
)
_OURS = uuid.UUID("6f1f4a39-6a3c-4c0e-9a0a-0f3c4b6e7d21")  # the namespace of the ids that marks become


def reading(machine: Any, told: Told, hosts: Mapping[str, str]) -> MachineReading:
    """One machine; `hosts` are the names of locations by their hosts' ids."""
    state = _STATES.get(str(told.get("runtime.powerState")), MachineState.UNKNOWN)
    if str(told.get("runtime.connectionState")) not in _CONNECTED:
        state = MachineState.UNKNOWN
    public, private = addresses.split(_addresses(told))
    host = told.get("runtime.host")
    return MachineReading(
        external_id=machine._moId,
        name=told.get("name") or machine._moId,
        state=state,
        public_ips=public,
        private_ips=private,
        size=_size(told),
        location=hosts.get(host._moId) if host is not None else None,
        actions=_OFFERED.get(state, ()),
        created_at=told.get("config.createDate"),
        mark=mark_of(told.get("config.annotation")),
        extra=_extra(told),
    )


def is_template(told: Told) -> bool:
    return bool(told.get("config.template"))


def has_tools(told: Told) -> bool:
    """Whether somebody within the machine takes orders."""
    return str(told.get("guest.toolsRunningStatus")) == "guestToolsRunning"


def annotation(mark: str) -> str:
    return f"{MARK}{mark}"


def mark_of(text: Any) -> str | None:
    lines = [line.strip() for line in str(text or "").splitlines()]
    return next((line.removeprefix(MARK) for line in lines if line.startswith(MARK)), None)


def instance_uuid(mark: str) -> str:
    """The id by which the server finds a marked machine; the clone is given it."""
    return str(uuid.uuid5(_OURS, mark))


def _addresses(told: Told) -> Iterator[str]:
    for card in told.get("guest.net") or []:
        config = getattr(card, "ipConfig", None)
        assigned = config.ipAddress if config is not None else []
        yield from (each.ipAddress for each in assigned)
        if not assigned:
            yield from card.ipAddress or []
    if told.get("guest.ipAddress"):
        yield told["guest.ipAddress"]


def _size(told: Told) -> str | None:
    summary = told.get("summary.config")
    if summary is None or not summary.numCpu or not summary.memorySizeMB:
        return None
    return Shape(int(summary.numCpu), int(summary.memorySizeMB)).id


def _extra(told: Told) -> dict[str, Any]:
    summary = told.get("summary.config")
    found = {
        "os": told.get("config.guestFullName"),
        "instance_uuid": getattr(summary, "instanceUuid", None),
        "path": getattr(summary, "vmPathName", None),
        "tools": str(told.get("guest.toolsRunningStatus") or ""),
    }
    return {name: value for name, value in found.items() if value}
