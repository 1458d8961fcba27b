"""EC2's instances as machines, and tags in both directions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState

NAME = "Name"
MARK = "mist-mark"
_STATES = {
    "pending": MachineState.PENDING,
    "running": MachineState.RUNNING,
    "stopping": MachineState.PENDING,
    "stopped": MachineState.STOPPED,
    "shutting-down": MachineState.TERMINATED,
    "terminated": MachineState.TERMINATED,
}
_ACTIONS = {
    "pending": (Action.DESTROY,),
    "running": (Action.STOP, Action.REBOOT, Action.DESTROY),
    "stopping": (Action.DESTROY,),
    "stopped": (Action.START, Action.DESTROY, Action.RESIZE),
}
GONE = ("terminated",)
THERE = tuple(name for name in _STATES if name not in GONE)


def reading(instance: dict[str, Any]) -> MachineReading:
    """One instance as `DescribeInstances` and `RunInstances` show it."""
    state = str(instance.get("State", {}).get("Name", ""))
    tags = {str(tag["Key"]): str(tag.get("Value") or "") for tag in instance.get("Tags", [])}
    public, private = addresses(instance)
    return MachineReading(
        external_id=instance["InstanceId"],
        name=tags.get(NAME) or instance["InstanceId"],
        state=_STATES.get(state, MachineState.UNKNOWN),
        public_ips=public,
        private_ips=private,
        size=instance.get("InstanceType"),
        image=instance.get("ImageId"),
        location=instance.get("Placement", {}).get("AvailabilityZone"),
        tags=tuple(sorted(as_tag(key, value) for key, value in tags.items() if is_tag(key))),
        actions=_ACTIONS.get(state, ()),
        created_at=_utc(instance.get("LaunchTime")),
        mark=tags.get(MARK),
        extra=_extra(instance),
    )


def addresses(instance: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Public and private addresses, IPv4 before IPv6, each once. EC2's IPv6 addresses are public ones."""
    interfaces = instance.get("NetworkInterfaces", [])
    assigned = [each for interface in interfaces for each in interface.get("PrivateIpAddresses", [])]
    public = [instance.get("PublicIpAddress"), *(each.get("Association", {}).get("PublicIp") for each in assigned)]
    six = [each.get("Ipv6Address") for interface in interfaces for each in interface.get("Ipv6Addresses", [])]
    private = [instance.get("PrivateIpAddress"), *(each.get("PrivateIpAddress") for each in assigned)]
    return _once([*public, instance.get("Ipv6Address"), *six]), _once(private)


def is_tag(key: str) -> bool:
    """Whether a tag of EC2's is one of the user's."""
    return key not in (NAME, MARK) and not key.startswith("aws:")


def as_tag(key: str, value: str) -> str:
    """EC2 keeps pairs, Mist words: `key=value`, or the key alone when the value is empty."""
    return f"{key}={value}" if value else key


def as_pair(tag: str) -> dict[str, str]:
    """The reverse of `as_tag`."""
    key, _, value = tag.partition("=")
    return {"Key": key, "Value": value} if key else {"Key": tag, "Value": ""}


def _extra(instance: dict[str, Any]) -> dict[str, Any]:
    found = {
        "vpc": instance.get("VpcId"),
        "subnet": instance.get("SubnetId"),
        "key": instance.get("KeyName"),
        "architecture": instance.get("Architecture"),
        "platform": instance.get("PlatformDetails") or instance.get("Platform"),
        "lifecycle": instance.get("InstanceLifecycle"),
        "security_groups": [str(group.get("GroupName")) for group in instance.get("SecurityGroups", [])],
        "reason": instance.get("StateReason", {}).get("Message"),
    }
    return {name: value for name, value in found.items() if value}


def _once(addresses: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address in addresses if address))


def _utc(moment: Any) -> datetime | None:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else None
