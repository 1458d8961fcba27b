"""CloudStack's virtual machines as Mist's."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from mistserver.domain.catalog import Network, Size
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

MARK, TAGS = "mist-mark", "mist-tags"  # details that a create carries
ALONE = "-"  # the value of a tag that has none: the vendor wants one
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "Running": MachineState.RUNNING,
        "Migrating": MachineState.RUNNING,
        "Starting": MachineState.PENDING,
        "Stopping": MachineState.PENDING,
        "Stopped": MachineState.STOPPED,
        "Shutdown": MachineState.STOPPED,
        "Destroyed": MachineState.TERMINATED,
        "Expunging": MachineState.TERMINATED,
        "Error": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.ERROR: (Action.DESTROY,),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)


def reading(machine: Json) -> MachineReading:
    state = _STATES.get(str(machine.get("state")), MachineState.UNKNOWN)
    nics = machine.get("nic") or []
    addresses = [nic.get(name) for nic in nics for name in ("ipaddress", "ip6address")]
    known = [str(each) for each in dict.fromkeys([machine.get("publicip"), *addresses]) if each]
    private = tuple(each for each in known if ipaddress.ip_address(each).is_private)
    created = machine.get("created")
    return MachineReading(
        external_id=str(machine["id"]),
        name=str(machine.get("displayname") or machine["name"]),
        state=state,
        public_ips=tuple(each for each in known if each not in private),
        private_ips=private,
        size=_id(machine, "serviceofferingid"),
        image=_id(machine, "templateid"),
        location=_id(machine, "zoneid"),
        tags=tags(machine),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(created) if created else None,
        mark=(machine.get("details") or {}).get(MARK),
        extra={
            "zone": machine.get("zonename"),
            "hostname": machine.get("name"),
            "hypervisor": machine.get("hypervisor"),
            "networks": [str(nic["networkid"]) for nic in nics if nic.get("networkid")],
        },
    )


def tags(machine: Json) -> tuple[str, ...]:
    """`key=value`; those of ours that have no value as they are."""
    pairs = ((str(each["key"]), str(each.get("value", ""))) for each in machine.get("tags") or [])
    return tuple(key if value == ALONE else f"{key}={value}" for key, value in pairs)


def wanted_tags(machine: Json) -> tuple[str, ...]:
    """The tags that a machine was created with."""
    told = (machine.get("details") or {}).get(TAGS) or ""
    return tuple(tag for tag in str(told).split(",") if tag)


def pair(tag: str) -> tuple[str, str]:
    key, equals, value = tag.partition("=")
    return (key, value) if equals else (tag, ALONE)


def size(offering: Json) -> Size:
    """Offerings without cores are for those who name their own (the extra options cores and ram_mb)."""
    return Size(
        id=str(offering["id"]),
        name=offering["name"],
        cores=offering.get("cpunumber"),
        ram_mb=offering.get("memory"),
        disk_gb=offering.get("rootdisksize") or None,
        driver="cloudstack",
        extra={"text": offering.get("displaytext"), "customized": bool(offering.get("iscustomized"))},
    )


def network(each: Json) -> Network:
    cidr = each.get("cidr")
    subnets = ({"id": str(each["id"]), "name": each["name"], "cidr": cidr, "location": each.get("zonename")},)
    return Network(
        id=str(each["id"]),
        name=each["name"],
        status=str(each.get("state") or ""),
        subnets=subnets if cidr else (),
        extra={"type": each.get("type"), "location": each.get("zonename")},
    )


def _id(machine: Json, name: str) -> str | None:
    return None if machine.get(name) is None else str(machine[name])
