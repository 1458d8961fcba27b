"""Compute Engine's instances as machines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

MARK = "mist-mark"

# https://cloud.google.com/compute/docs/instances/instance-lifecycle
# Google calls a stopped instance TERMINATED; one that is deleted is STOPPING, and then not there any more.
STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "PENDING": MachineState.PENDING,
        "PROVISIONING": MachineState.PENDING,
        "STAGING": MachineState.PENDING,
        "RUNNING": MachineState.RUNNING,
        "REPAIRING": MachineState.PENDING,
        "PENDING_STOP": MachineState.PENDING,
        "STOPPING": MachineState.PENDING,
        "DEPROVISIONING": MachineState.PENDING,
        "STOPPED": MachineState.STOPPED,
        "TERMINATED": MachineState.STOPPED,
        "SUSPENDING": MachineState.PENDING,
        "SUSPENDED": MachineState.SUSPENDED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.SUSPENDED: (Action.START, Action.STOP, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
    }
)


def label_of(mark: str) -> str:
    """The mark as a label can hold it (lower-case letters and digits): the mark itself is kept as metadata."""
    return hashlib.sha256(mark.encode()).hexdigest()[:40]


def reading(instance: Json) -> MachineReading:
    """One instance of the API."""
    state = STATES.get(str(instance["status"]), MachineState.UNKNOWN)
    public, private = addresses(instance)
    return MachineReading(
        external_id=str(instance["id"]),
        name=instance["name"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=last(instance.get("machineType")),
        location=last(instance.get("zone")),
        tags=tuple((instance.get("tags") or {}).get("items") or ()),
        actions=_OFFERED.get(state, ()),
        created_at=_utc(instance.get("creationTimestamp")),
        mark=metadata(instance).get(MARK),
        extra=_extra(instance),
    )


def addresses(instance: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Public and private addresses, IPv4 before IPv6."""
    public: list[Any] = []
    private: list[Any] = []
    for interface in instance.get("networkInterfaces") or []:
        public += [each.get("natIP") for each in interface.get("accessConfigs") or []]
        private.append(interface.get("networkIP"))
    for interface in instance.get("networkInterfaces") or []:
        public += [each.get("externalIpv6") for each in interface.get("ipv6AccessConfigs") or []]
        private.append(interface.get("ipv6Address"))
    return _once(public), _once(private)


def metadata(instance: Json) -> dict[str, str]:
    items = (instance.get("metadata") or {}).get("items") or []
    return {str(item["key"]): str(item.get("value") or "") for item in items}


def last(url: Any) -> str | None:
    """The last part of one of Google's URLs: the name of what it leads to."""
    return str(url).rstrip("/").rpartition("/")[2] or None if url else None


def _extra(instance: Json) -> dict[str, Any]:
    interfaces = instance.get("networkInterfaces") or [{}]
    disks = instance.get("disks") or [{}]
    found = {
        "description": instance.get("description"),
        "network": last(interfaces[0].get("network")),
        "subnet": last(interfaces[0].get("subnetwork")),
        "labels": {name: value for name, value in (instance.get("labels") or {}).items() if name != MARK},
        "licenses": [last(each) for each in disks[0].get("licenses") or []],
        "disk_gb": int(disks[0]["diskSizeGb"]) if disks[0].get("diskSizeGb") else None,
        "spot": bool((instance.get("scheduling") or {}).get("preemptible")),
        "status": instance.get("statusMessage"),
    }
    return {name: value for name, value in found.items() if value}


def _utc(moment: Any) -> datetime | None:
    return datetime.fromisoformat(moment).astimezone(UTC) if moment else None


def _once(addresses: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(address) for address in addresses if address))
