"""Asking ECS for one machine: its key, its place, its way in, and the call that carries the mark."""

from __future__ import annotations

import base64
import hashlib
import re
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderBadAnswer, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, locations
from mistserver.providers.aliyun import catalog
from mistserver.providers.aliyun.api import Api, inside, plain, tags
from mistserver.providers.aliyun.machines import MARK, OFFERED, as_pair
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json

TITLE = "Alibaba Cloud"
GROUP = "mist"
GROUP_SAYS = "SSH from anywhere and nothing else. Made by Mist for machines without a group of their own."
_UNFINISHED = "mist-unfinished"
_NAME = re.compile(r"(?!https?://)[^\W\d_][\w:.-]{1,127}")
_NAMES = "names of 2 to 128 letters, digits, colons, underscores, dots and dashes that begin with a letter"
_HOST = re.compile(r"(?=.{2,64}\Z)[0-9A-Za-z]+(-[0-9A-Za-z]+)*(\.[0-9A-Za-z]+(-[0-9A-Za-z]+)*)*")
_EXTRA = MappingProxyType(
    {
        "security_group": str,
        "internet_bandwidth": int,
        "system_disk_category": str,
        "system_disk_size": int,
    }
)
_BANDWIDTH = 10  # Mbit/s out; 0 makes a machine without a public address
_MOST_BANDWIDTH = 100
_MOST_TAGS = 19
_LONGEST_USER_DATA = 32 * 1024


def check_spec(spec: MachineSpec) -> None:
    """What ECS would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _NAMES)
    checks.needs(TITLE, spec, "size")
    checks.networks(TITLE, spec, 1, "a vSwitch or a VPC")
    checks.options(TITLE, spec, _EXTRA)
    if not 0 <= spec.extra.get("internet_bandwidth", _BANDWIDTH) <= _MOST_BANDWIDTH:
        raise InvalidInput(f"{TITLE} takes an internet_bandwidth of 0 to {_MOST_BANDWIDTH} Mbit/s.", field="extra")
    if len(spec.tags) > _MOST_TAGS:
        raise InvalidInput(f"{TITLE} takes {_MOST_TAGS} tags beside the one that Mist needs.", field="tags")
    for tag in spec.tags:
        as_pair(tag)
    if spec.user_data is not None and len(spec.user_data.encode()) > _LONGEST_USER_DATA:
        raise InvalidInput(f"{TITLE} takes user data of at most 32 KiB.", field="user_data")


def create(ecs: Api, vpc: Api, region: str, spec: MachineSpec) -> MachineReading:
    """One `RunInstances`. The mark is a tag, and its client token: a repetition makes no second machine."""
    zone = None
    if spec.location:
        zone = locations.meant(TITLE, spec.location, catalog.locations(ecs, region)).id
    switch = _switch(vpc, region, zone, spec)
    bandwidth = spec.extra.get("internet_bandwidth", _BANDWIDTH)
    wanted = {
        "RegionId": region,
        "ZoneId": switch["ZoneId"],
        "VSwitchId": switch["VSwitchId"],
        "SecurityGroupId": spec.extra.get("security_group") or _group(ecs, region, switch["VpcId"]),
        "InstanceType": spec.size,
        "ImageId": spec.image,
        "InstanceName": spec.name,
        "HostName": spec.name if _HOST.fullmatch(spec.name) else None,
        "Amount": 1,
        "InternetMaxBandwidthOut": bandwidth,
        "InternetChargeType": "PayByTraffic" if bandwidth else None,
        "SystemDisk.Category": spec.extra.get("system_disk_category"),
        "SystemDisk.Size": spec.extra.get("system_disk_size"),
        "ClientToken": hashlib.sha256(spec.mark.encode()).hexdigest(),
        "KeyPairName": _key(ecs, region, spec) if spec.public_key else None,
        "UserData": base64.b64encode(spec.user_data.encode()).decode() if spec.user_data is not None else None,
        **tags({MARK: spec.mark, **dict(map(as_pair, spec.tags))}),
    }
    made = plain(ecs.act("RunInstances", **wanted).get("InstanceIdSets"), "InstanceIdSet")
    if not made:
        raise ProviderBadAnswer(f"{TITLE} answered a create without a machine.", where=ecs.where)
    return _asked(spec, str(made[0]), switch["ZoneId"])


def _asked(spec: MachineSpec, id: str, zone: str) -> MachineReading:
    """What is known of a machine before it is listed."""
    return MachineReading(
        external_id=id,
        name=spec.name,
        state=MachineState.PENDING,
        size=spec.size,
        image=spec.image,
        location=zone,
        tags=tuple(sorted(spec.tags)),
        actions=OFFERED[MachineState.PENDING],
        mark=spec.mark,
    )


def _switch(vpc: Api, region: str, zone: str | None, spec: MachineSpec) -> Json:
    """The vSwitch for the machine: the one named, one of the VPC named, or one of the default VPC."""
    wanted = spec.networks[0] if spec.networks else None
    if wanted is None:
        query: dict[str, Any] = {"VpcId": _default_vpc(vpc, region)}
    else:
        query = {"VSwitchId" if wanted.startswith("vsw-") else "VpcId": wanted}
    found = catalog.vswitches(vpc, region, **query)
    with understood(vpc.where):
        fitting = [each for each in found if zone in (None, each["ZoneId"])]
        fitting.sort(key=lambda each: (not each.get("AvailableIpAddressCount", 1), str(each["ZoneId"])))
        if not fitting:
            there = f" in the zone {zone}" if zone else ""
            raise ProviderNotFound(f"{TITLE} has no vSwitch{there} for the network {query.popitem()[1]!r}.")
        return fitting[0]


def _default_vpc(vpc: Api, region: str) -> str:
    found = vpc.by_page("DescribeVpcs", "Vpcs", "Vpc", 10, RegionId=region, IsDefault="true")
    with understood(vpc.where):
        if not found:
            raise InvalidInput("This region has no default VPC; choose a network (--network-id).", field="networks")
        return str(found[0]["VpcId"])


def _group(ecs: Api, region: str, vpc: str) -> str:
    """The id of the group `mist` in the VPC, made when it is not there; one that is there is left as it is.

    A tag tells a group whose making was interrupted from one that its owner closed.
    """
    query = {"RegionId": region, "VpcId": vpc, "SecurityGroupName": GROUP}
    found = inside(ecs.act("DescribeSecurityGroups", **query), "SecurityGroups", "SecurityGroup", ecs.where)
    with understood(ecs.where):
        there = [each for each in found if each["SecurityGroupName"] == GROUP]
        if there and not any(tag.get("TagKey") == _UNFINISHED for tag in plain(there[0].get("Tags"), "Tag")):
            return str(there[0]["SecurityGroupId"])
        group = str(there[0]["SecurityGroupId"]) if there else _new_group(ecs, query)
    ssh = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": "0.0.0.0/0"}
    ecs.act("AuthorizeSecurityGroup", RegionId=region, SecurityGroupId=group, **ssh)
    what = {"ResourceType": "securitygroup", "ResourceId.1": group, "TagKey.1": _UNFINISHED}
    ecs.act("UntagResources", RegionId=region, **what)
    return group


def _new_group(ecs: Api, query: dict[str, str]) -> str:
    token = hashlib.sha256(f"{GROUP} {query['VpcId']}".encode()).hexdigest()
    made = ecs.act(
        "CreateSecurityGroup", **query, Description=GROUP_SAYS, ClientToken=token, **tags({_UNFINISHED: "yes"})
    )
    return str(made["SecurityGroupId"])


def _key(ecs: Api, region: str, spec: MachineSpec) -> str:
    """The name under which ECS holds the key, brought there if need be. The name tells what the key is."""
    body = " ".join((spec.public_key or "").split()[:2])
    name = re.sub(r"[^0-9A-Za-z:_-]", "-", spec.key_name or "key")[:60]
    called = f"mist-{name}-{hashlib.sha256(body.encode()).hexdigest()[:16]}"
    query = {"RegionId": region, "KeyPairName": called}
    if not inside(ecs.act("DescribeKeyPairs", **query), "KeyPairs", "KeyPair", ecs.where):
        try:
            ecs.act("ImportKeyPair", **query, PublicKeyBody=body)
        except ProviderRejected as error:
            if error.facts.get("vendor_code") != "KeyPair.AlreadyExist":  # else another job was faster
                raise
    return called
