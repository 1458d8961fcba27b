"""Oracle Cloud's instances as machines, and tags in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.oci import flexible
from mistserver.providers.rest import Json

MARK = "mist-mark"
_LONGEST_KEY, _LONGEST_VALUE = 100, 256

STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "PROVISIONING": MachineState.PENDING,
        "STARTING": MachineState.PENDING,
        "RUNNING": MachineState.RUNNING,
        "STOPPING": MachineState.PENDING,
        "STOPPED": MachineState.STOPPED,
        "MOVING": MachineState.PENDING,
        "CREATING_IMAGE": MachineState.PENDING,
        "TERMINATING": MachineState.TERMINATED,
        "TERMINATED": MachineState.TERMINATED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)


@dataclass(frozen=True)
class Held:
    """The addresses of one machine."""

    public: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


def reading(instance: Json, held: Held = Held()) -> MachineReading:
    """One instance; its addresses stand elsewhere in the API."""
    tags = {str(key): str(value) for key, value in (instance.get("freeformTags") or {}).items()}
    state = STATES.get(instance["lifecycleState"], MachineState.UNKNOWN)
    source = instance.get("sourceDetails") or {}
    return MachineReading(
        external_id=instance["id"],
        name=instance.get("displayName") or instance["id"],
        state=state,
        public_ips=held.public,
        private_ips=held.private,
        size=flexible.of_instance(instance).id,
        image=instance.get("imageId") or source.get("imageId"),
        location=instance.get("availabilityDomain"),
        tags=tuple(sorted(as_tag(key, value) for key, value in tags.items() if key != MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(instance["timeCreated"]) if instance.get("timeCreated") else None,
        mark=tags.get(MARK),
        extra={
            "compartment_id": instance.get("compartmentId"),
            "fault_domain": instance.get("faultDomain"),
            "region": instance.get("region"),
        },
    )


def as_pair(tag: str) -> tuple[str, str]:
    """`env=prod` as key and value; a tag without = is a key with an empty value."""
    key, _, value = tag.partition("=")
    if not key or len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE or key == MARK:
        raise InvalidInput(
            f"Oracle Cloud's tags have a key of at most {_LONGEST_KEY} characters and a value of at most "
            f"{_LONGEST_VALUE} (key=value); {tag[:80]!a} does not fit.",
            field="tag",
        )
    return key, value


def as_tag(key: str, value: str) -> str:
    return f"{key}={value}" if value else key
