"""Exoscale's instances, templates and types as Mist's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from mistserver.domain.catalog import Image, Network, Size
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

MARK = "mist-mark"  # a label
STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "starting": MachineState.PENDING,
        "running": MachineState.RUNNING,
        "migrating": MachineState.RUNNING,
        "stopping": MachineState.PENDING,
        "stopped": MachineState.STOPPED,
        "error": MachineState.ERROR,
        "destroying": MachineState.TERMINATED,
        "destroyed": MachineState.TERMINATED,
        "expunging": MachineState.TERMINATED,
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
_BYTES_IN_MB = 1024 * 1024


def reading(instance: Json, zone: str) -> MachineReading:
    state = STATES.get(str(instance.get("state")), MachineState.UNKNOWN)
    labels = instance.get("labels") or {}
    created = instance.get("created-at")
    addresses = (instance.get("public-ip"), instance.get("ipv6-address"))
    return MachineReading(
        external_id=instance["id"],
        name=instance["name"],
        state=state,
        public_ips=tuple(str(each) for each in addresses if each),
        size=(instance.get("instance-type") or {}).get("id"),
        image=(instance.get("template") or {}).get("id"),
        location=zone,
        tags=tags(labels),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(created) if created else None,
        mark=labels.get(MARK),
        extra={
            "private_networks": [each.get("id") for each in instance.get("private-networks") or []],
            "security_groups": [each.get("id") for each in instance.get("security-groups") or []],
            "managed_by": (instance.get("manager") or {}).get("type"),
        },
    )


def tags(labels: Mapping[str, str]) -> tuple[str, ...]:
    """`key=value`, and the key alone where the value is empty."""
    return tuple(f"{key}={value}" if value else key for key, value in labels.items() if key != MARK)


def labels(tags: tuple[str, ...]) -> dict[str, str]:
    return {key: value for key, _, value in (tag.partition("=") for tag in tags)}


def image(template: Json) -> Image:
    extra = {
        "visibility": template.get("visibility"),
        "user": template.get("default-user"),
        "version": template.get("version"),
    }
    return Image(id=template["id"], name=template["name"], extra=extra)


def size(each: Json) -> Size:
    """Disks are bought apart. The API tells no prices."""
    return Size(
        id=each["id"],
        name=f"{each['family']}.{each['size']}",
        cores=each["cpus"],
        ram_mb=each["memory"] // _BYTES_IN_MB,
        driver="exoscale",
        extra={"gpus": each.get("gpus") or 0, "family": each["family"]},
    )


def network(each: Json, zone: str) -> Network:
    extra = {"location": zone, "netmask": each.get("netmask"), "start": each.get("start-ip"), "end": each.get("end-ip")}
    return Network(id=each["id"], name=each["name"], extra=extra)
