"""Azure's virtual machines as machines, and tags in both directions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

MARK = "mist-mark"
_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/([^/]+)/providers/Microsoft\.Compute/virtualMachines/([^/]+)", re.IGNORECASE
)

# https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing; a machine that was shut down from inside is
# `stopped` and goes on costing, one that is `deallocated` does not.
_POWER: Mapping[str, MachineState] = MappingProxyType(
    {
        "starting": MachineState.PENDING,
        "running": MachineState.RUNNING,
        "stopping": MachineState.PENDING,
        "stopped": MachineState.STOPPED,
        "deallocating": MachineState.PENDING,
        "deallocated": MachineState.STOPPED,
    }
)
_PROVISIONING: Mapping[str, MachineState] = MappingProxyType(
    {
        "creating": MachineState.PENDING,
        "updating": MachineState.PENDING,
        "failed": MachineState.ERROR,
        "deleting": MachineState.TERMINATED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.ERROR: (Action.START, Action.STOP, Action.DESTROY),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)


@dataclass(frozen=True)
class Around:
    """What belongs to machines and stands elsewhere, by ids in lower case: their state, interfaces and addresses."""

    views: Mapping[str, Json] = field(default_factory=dict)
    interfaces: Mapping[str, Json] = field(default_factory=dict)
    addresses: Mapping[str, Json] = field(default_factory=dict)


def external_id(id: str) -> str:
    """`group/name` in lower case: Azure spells the same id differently at different times. ValueError for another's."""
    match = _ID.fullmatch(id)
    if match is None:
        raise ValueError(id)
    return f"{match[1]}/{match[2]}".lower()


def by_id(things: list[Json]) -> dict[str, Json]:
    return {str(thing["id"]).lower(): thing for thing in things}


def reading(machine: Json, around: Around) -> MachineReading:
    """One virtual machine of the API."""
    properties = machine["properties"]
    view = properties.get("instanceView") or around.views.get(str(machine["id"]).lower(), {})
    state = _state(properties, view)
    tags = machine.get("tags") or {}
    public, private = _addresses(properties, around)
    return MachineReading(
        external_id=external_id(machine["id"]),
        name=machine["name"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=(properties.get("hardwareProfile") or {}).get("vmSize"),
        image=_image((properties.get("storageProfile") or {}).get("imageReference") or {}),
        location=machine.get("location"),
        tags=tuple(sorted(as_tag(key, value) for key, value in tags.items() if key != MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=_utc(properties.get("timeCreated")),
        mark=tags.get(MARK),
        extra=_extra(machine, view),
    )


def as_tag(key: str, value: str | None) -> str:
    """Azure keeps pairs, Mist words: `key=value`, or the key alone when the value is empty."""
    return f"{key}={value}" if value else key


def as_pair(tag: str) -> tuple[str, str]:
    """The reverse of `as_tag`."""
    key, _, value = tag.partition("=")
    return (key, value) if key else (tag, "")


def _state(properties: Json, view: Json) -> MachineState:
    codes = [str(status.get("code", "")).lower() for status in view.get("statuses") or []]
    power = next((code.partition("/")[2] for code in codes if code.startswith("powerstate/")), "")
    provisioning = str(properties.get("provisioningState") or "").lower()
    if provisioning == "deleting":
        return MachineState.TERMINATED
    if provisioning == "creating" and power != "running":
        return MachineState.PENDING
    return _POWER.get(power) or _PROVISIONING.get(provisioning, MachineState.UNKNOWN)


def _addresses(properties: Json, around: Around) -> tuple[tuple[str, ...], tuple[str, ...]]:
    public: dict[str, None] = {}
    private: dict[str, None] = {}
    for named in (properties.get("networkProfile") or {}).get("networkInterfaces") or []:
        interface = around.interfaces.get(str(named["id"]).lower(), {})
        for each in (interface.get("properties") or {}).get("ipConfigurations") or []:
            place = each.get("properties") or {}
            told = place.get("publicIPAddress") or {}
            full = told if told.get("properties") else around.addresses.get(str(told.get("id")).lower(), {})
            for address, found in (
                (place.get("privateIPAddress"), private),
                ((full.get("properties") or {}).get("ipAddress"), public),
            ):
                if address:
                    found[str(address)] = None
    return tuple(public), tuple(private)


def _image(reference: Json) -> str | None:
    parts = [reference.get(part) for part in ("publisher", "offer", "sku", "version")]
    return ":".join(str(part) for part in parts) if all(parts) else reference.get("id")


def _extra(machine: Json, view: Json) -> dict[str, Any]:
    properties = machine["properties"]
    disk = (properties.get("storageProfile") or {}).get("osDisk") or {}
    told = [str(each["message"]) for each in view.get("statuses") or [] if each.get("message")]
    found = {
        "vm_id": properties.get("vmId"),
        "resource_group": external_id(machine["id"]).partition("/")[0],
        "zone": next(iter(machine.get("zones") or []), None),
        "os": disk.get("osType"),
        "disk_gb": disk.get("diskSizeGB"),
        "user": (properties.get("osProfile") or {}).get("adminUsername"),
        "spot": properties.get("priority") == "Spot",
        "reason": "; ".join(told)[:500],
    }
    return {name: value for name, value in found.items() if value}


def _utc(moment: Any) -> datetime | None:
    return datetime.fromisoformat(moment).astimezone(UTC) if moment else None
