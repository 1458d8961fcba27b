"""OVHcloud's instances as machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.rest import Json

_MARKED = re.compile(r"(?P<name>.*)\.mist-(?P<mark>[^.\s]+)", re.DOTALL)

STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "ACTIVE": MachineState.RUNNING,
        "SNAPSHOTTING": MachineState.RUNNING,
        **dict.fromkeys(("BUILD", "BUILDING", "REBUILD", "MIGRATING", "PASSWORD"), MachineState.PENDING),
        **dict.fromkeys(("RESIZE", "RESIZED", "VERIFY_RESIZE", "REVERT_RESIZE"), MachineState.PENDING),
        **dict.fromkeys(("RESUMING", "UNSHELVING", "RESCUING", "UNRESCUING"), MachineState.PENDING),
        **dict.fromkeys(("REBOOT", "HARD_REBOOT"), MachineState.REBOOTING),
        **dict.fromkeys(("SHUTOFF", "STOPPED"), MachineState.STOPPED),
        "PAUSED": MachineState.PAUSED,
        **dict.fromkeys(("SUSPENDED", "SHELVING", "SHELVED", "SHELVED_OFFLOADED"), MachineState.SUSPENDED),
        **dict.fromkeys(("DELETING", "DELETED", "SOFT_DELETED"), MachineState.TERMINATED),
        "ERROR": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.REBOOTING: (Action.DESTROY,),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.PAUSED: (Action.DESTROY,),
        MachineState.SUSPENDED: (Action.DESTROY,),
        MachineState.ERROR: (Action.REBOOT, Action.DESTROY),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)


def marked(name: str, mark: str) -> str:
    """The name at OVHcloud, which keeps nothing else of a machine that is asked for.

    The mark follows a dot, so that the host name that cloud-init sets is the name itself.
    """
    return f"{name}.mist-{mark}"


def reading(instance: Json) -> MachineReading:
    """One instance, as a list or a call for one shows it."""
    found = _MARKED.fullmatch(instance["name"])
    addresses = instance.get("ipAddresses") or []
    image, flavor, key = instance.get("image") or {}, instance.get("flavor") or {}, instance.get("sshKey") or {}
    state = STATES.get(instance["status"], MachineState.UNKNOWN)
    plan = str(instance.get("planCode") or "").partition(".")[0]
    return MachineReading(
        external_id=instance["id"],
        name=found["name"] if found else instance["name"],
        state=state,
        public_ips=tuple(each["ip"] for each in addresses if each["type"] == "public"),
        private_ips=tuple(each["ip"] for each in addresses if each["type"] == "private"),
        size=flavor.get("name") or plan or instance.get("flavorId"),
        image=image.get("id") or instance.get("imageId"),
        location=instance["region"],
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(instance["created"]) if instance.get("created") else None,
        mark=found["mark"] if found else None,
        extra={
            "image_name": image.get("name"),
            "key": key.get("id") or instance.get("sshKeyId"),
            "monthly": bool(instance.get("monthlyBilling")),
            "networks": [each["networkId"] for each in addresses if each.get("networkId")],
        },
    )
