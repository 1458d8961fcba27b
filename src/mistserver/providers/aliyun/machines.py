"""ECS instances as machines, and tags in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.aliyun.api import plain
from mistserver.providers.rest import Json

MARK = "mist-mark"
_LONGEST = 128
_RESERVED = ("aliyun", "acs:")

_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "Pending": MachineState.PENDING,
        "Starting": MachineState.PENDING,
        "Running": MachineState.RUNNING,
        "Stopping": MachineState.PENDING,
        "Stopped": MachineState.STOPPED,
        "Deleted": MachineState.TERMINATED,
    }
)
OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
    }
)


def reading(instance: Json) -> MachineReading:
    """One instance of `DescribeInstances`."""
    state = _STATES.get(instance["Status"], MachineState.UNKNOWN)
    tags = {str(each["TagKey"]): str(each.get("TagValue") or "") for each in plain(instance.get("Tags"), "Tag")}
    public, private = addresses.split(_addresses(instance))
    vpc = instance.get("VpcAttributes") or {}
    return MachineReading(
        external_id=instance["InstanceId"],
        name=instance.get("InstanceName") or instance["InstanceId"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=instance.get("InstanceType"),
        image=instance.get("ImageId"),
        location=instance.get("ZoneId"),
        tags=tuple(sorted(as_tag(key, value) for key, value in tags.items() if key != MARK and not _is_theirs(key))),
        actions=OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(instance["CreationTime"]) if instance.get("CreationTime") else None,
        mark=tags.get(MARK),
        extra={
            "vpc": vpc.get("VpcId") or None,
            "vswitch": vpc.get("VSwitchId") or None,
            "security_groups": plain(instance.get("SecurityGroupIds"), "SecurityGroupId"),
            "charge_type": instance.get("InstanceChargeType"),
            "host_name": instance.get("HostName"),
        },
    )


def as_pair(tag: str) -> tuple[str, str]:
    """`env=prod` as key and value; a tag without = is a key with an empty value."""
    key, _, value = tag.partition("=")
    if not key or len(key) > _LONGEST or len(value) > _LONGEST or _is_theirs(key) or "://" in tag:
        raise InvalidInput(
            f"Alibaba Cloud's tags have a key and a value (key=value) of at most {_LONGEST} characters each, do not "
            f"begin with aliyun or acs: and hold no http://; {tag[:80]!a} does not fit.",
            field="tag",
        )
    return key, value


def as_tag(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def _is_theirs(key: str) -> bool:
    return key.startswith(_RESERVED)


def _addresses(instance: Json) -> list[str]:
    vpc, eip = instance.get("VpcAttributes") or {}, instance.get("EipAddress") or {}
    interfaces = plain(instance.get("NetworkInterfaces"), "NetworkInterface")
    six = [each["Ipv6Address"] for one in interfaces for each in plain(one.get("Ipv6Sets"), "Ipv6Set")]
    return [
        *plain(instance.get("PublicIpAddress"), "IpAddress"),
        eip.get("IpAddress") or "",
        *six,
        *plain(vpc.get("PrivateIpAddress"), "IpAddress"),
        *plain(instance.get("InnerIpAddress"), "IpAddress"),
    ]
