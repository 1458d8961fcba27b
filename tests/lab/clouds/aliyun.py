"""Alibaba Cloud's ECS and VPC, as https://www.alibabacloud.com/help/en/ecs/developer-reference/ describes them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of

ID, SECRET, REGION = "LTAI5tGood", "good-secret", "eu-central-1"
SIZES = {"ecs.e-c1m1.large": (2, 2.0), "ecs.g8i.large": (2, 8.0), "ecs.elsewhere.large": (4, 16.0)}
IMAGES = [
    ("debian_13_1_x64_20G_alibase_20260301.vhd", "Debian  13.1 64 bit", "acs:debian_13_1_x64", "2026-03-01T01:00:00Z"),
    ("debian_13_1_x64_20G_alibase_20260901.vhd", "Debian  13.1 64 bit", "acs:debian_13_1_x64", "2026-09-01T01:00:00Z"),
    ("debian_10_1_x64_20G_alibase_20250101.vhd", "Debian  10.1 64 bit", "acs:debian_10_1_x64", "2025-01-01T01:00:00Z"),
    ("debian_12_1_x64_20G_alibase_20260101.vhd", "Debian  12.1 64 bit", "acs:debian_12_1_x64", "2026-01-01T01:00:00Z"),
    (
        "ubuntu_24_04_x64_20G_alibase_20260901.vhd",
        "Ubuntu  24.04 64 bit",
        "acs:ubuntu_24_04_x64",
        "2026-09-01T01:00:00Z",
    ),
]
NEWEST = IMAGES[1][0]
VPC, SWITCHES = "vpc-1", {"vsw-a": "eu-central-1a", "vsw-b": "eu-central-1b"}


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"RequestId": "1", "HostId": "ecs.aliyuncs.com", "Code": code, "Message": message})


def signed(secret: str, method: str, params: dict[str, str]) -> str:
    """Written again, from the vendor's page."""
    pairs = "&".join(f"{quote(name, safe='~')}={quote(params[name], safe='~')}" for name in sorted(params))
    text = "&".join((method, "%2F", quote(pairs, safe="~")))
    return base64.b64encode(hmac.new((secret + "&").encode(), text.encode(), hashlib.sha1).digest()).decode()


class AliyunCloud(StandIn):
    """Instances act at once; at most 50 a page, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.user_data: list[str] = []
        self.actions: list[dict[str, str]] = []
        self.refused_actions: dict[str, Reply] = {}
        self.number = 0
        self.may_see = True

    @contextlib.contextmanager
    def refusing_action(self, action: str, reply: Reply) -> Iterator[None]:
        self.refused_actions[action] = reply
        try:
            yield
        finally:
            del self.refused_actions[action]

    def handle(self, request: Request) -> Answer:
        asked = {**request.query, **request.form}
        if asked.get("AccessKeyId") != ID:
            return refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        shown = asked.pop("Signature", "")
        if shown != signed(SECRET, request.method, asked):
            return refusal(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        action = asked["Action"]
        self.actions.append(asked)
        if action in self.refused_actions:
            return self.refused_actions[action]
        member = getattr(self, f"do_{action}", None)
        if member is None:
            return refusal(404, "InvalidAction.NotFound", f"Specified api {action} is not found.")
        answer: Answer = member(asked)
        return answer

    def do_DescribeInstances(self, asked: dict[str, str]) -> Answer:
        if asked.get("DryRun") == "true":
            if self.may_see:
                return refusal(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")
            return refusal(403, "Forbidden.RAM", "User not authorized to operate on the specified resource.")
        wanted = (asked.get("Tag.1.Key"), asked.get("Tag.1.Value"))
        found = [each for each in self.instances.values() if self.may_see]
        if wanted[0]:
            found = [each for each in found if wanted in self._tags(each).items()]
        if "InstanceIds" in asked:
            found = [each for each in found if each["InstanceId"] in json.loads(asked["InstanceIds"])]
        start = int(asked.get("NextToken") or 0)
        size = min(50, int(asked.get("MaxResults", 10)))
        more = str(start + size) if start + size < len(found) else ""
        return {"RequestId": "1", "Instances": {"Instance": found[start : start + size]}, "NextToken": more}

    def do_RunInstances(self, asked: dict[str, str]) -> Answer:
        if asked["ImageId"] not in [each[0] for each in IMAGES]:
            return refusal(404, "InvalidImageId.NotFound", "The specified ImageId does not exist.")
        if asked["InstanceType"] not in SIZES:
            return refusal(403, "InvalidInstanceType.ValueNotSupported", "The specified InstanceType does not exist.")
        if asked["SecurityGroupId"] not in self.groups or SWITCHES[asked["VSwitchId"]] != asked["ZoneId"]:
            return refusal(404, "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist.")
        if asked.get("KeyPairName", "") not in ("", *self.keys):
            return refusal(404, "InvalidKeyPairName.NotFound", "The key pair does not exist.")
        self.user_data += [base64.b64decode(asked["UserData"]).decode()] if "UserData" in asked else []
        id = self.tokens.get(asked["ClientToken"]) or self._made(asked["InstanceName"], asked["InstanceType"], asked)
        self.tokens[asked["ClientToken"]] = id
        return {"RequestId": "1", "InstanceIdSets": {"InstanceIdSet": [id]}}

    def do_StartInstance(self, asked: dict[str, str]) -> Answer:
        return self._power(asked, "Stopped", "Running")

    def do_StopInstance(self, asked: dict[str, str]) -> Answer:
        return self._power(asked, "Running", "Stopped")

    def do_RebootInstance(self, asked: dict[str, str]) -> Answer:
        return self._power(asked, "Running", "Running")

    def do_DeleteInstance(self, asked: dict[str, str]) -> Answer:
        instance = self.instances.get(asked["InstanceId"])
        if instance is None:
            return self._missing()
        if instance["Status"] != "Stopped" and asked.get("Force") != "true":
            return refusal(403, "IncorrectInstanceStatus", "The current status of the resource does not support this.")
        del self.instances[asked["InstanceId"]]
        return {"RequestId": "1"}

    def do_ModifyInstanceSpec(self, asked: dict[str, str]) -> Answer:
        done = self._power(asked, "Stopped", "Stopped")
        if isinstance(done, dict):
            self.instances[asked["InstanceId"]]["InstanceType"] = asked["InstanceType"]
        return done

    def do_TagResources(self, asked: dict[str, str]) -> Answer:
        instance = self.instances.get(asked["ResourceId.1"])
        if instance is None:
            return refusal(404, "InvalidResourceId.NotFound", "The specified ResourceIds are not found.")
        self._set_tags(instance, {**self._tags(instance), asked["Tag.1.Key"]: asked["Tag.1.Value"]})
        return {"RequestId": "1"}

    def do_UntagResources(self, asked: dict[str, str]) -> Answer:
        kind = self.groups if asked["ResourceType"] == "securitygroup" else self.instances
        thing = kind[asked["ResourceId.1"]]
        self._set_tags(thing, {key: value for key, value in self._tags(thing).items() if key != asked["TagKey.1"]})
        return {"RequestId": "1"}

    def do_DescribeImages(self, asked: dict[str, str]) -> Answer:
        own = [("m-1", "my image", "", "2026-01-01T00:00:00Z")]
        found = own if asked["ImageOwnerAlias"] == "self" else IMAGES
        shown = [
            {"ImageId": id, "ImageName": id, "OSNameEn": name, "ImageFamily": family, "CreationTime": made}
            for id, name, family, made in found
        ]
        return self._numbered(asked, "Images", "Image", shown, most=2)

    def do_DescribeInstanceTypes(self, asked: dict[str, str]) -> Answer:
        types = [
            {"InstanceTypeId": name, "CpuCoreCount": cores, "MemorySize": memory, "CpuArchitecture": "X86"}
            for name, (cores, memory) in SIZES.items()
        ]
        start = int(asked.get("NextToken") or 0)
        more = str(start + 2) if start + 2 < len(types) else ""
        return {"InstanceTypes": {"InstanceType": types[start : start + 2]}, "NextToken": more}

    def do_DescribeZones(self, asked: dict[str, str]) -> Answer:
        there = {"InstanceTypes": [name for name in SIZES if "elsewhere" not in name]}
        zones = [{"ZoneId": zone, "LocalName": f"Zone {zone}"} for zone in ("eu-central-1b", "eu-central-1a")]
        return {"Zones": {"Zone": [{**zone, "AvailableInstanceTypes": there} for zone in zones]}}

    def do_DescribeVpcs(self, asked: dict[str, str]) -> Answer:
        vpc = {"VpcId": VPC, "VpcName": "", "Status": "Available", "CidrBlock": "172.16.0.0/12", "IsDefault": True}
        return self._numbered(asked, "Vpcs", "Vpc", [vpc])

    def do_DescribeVSwitches(self, asked: dict[str, str]) -> Answer:
        found = [
            {
                "VSwitchId": id,
                "VpcId": VPC,
                "ZoneId": zone,
                "CidrBlock": "172.16.0.0/24",
                "AvailableIpAddressCount": 250,
            }
            for id, zone in SWITCHES.items()
            if asked.get("VSwitchId", id) == id and asked.get("VpcId", VPC) == VPC
        ]
        return self._numbered(asked, "VSwitches", "VSwitch", found)

    def do_DescribeSecurityGroups(self, asked: dict[str, str]) -> Answer:
        found = [each for each in self.groups.values() if each["SecurityGroupName"] == asked["SecurityGroupName"]]
        return {"SecurityGroups": {"SecurityGroup": found}, "TotalCount": len(found)}

    def do_CreateSecurityGroup(self, asked: dict[str, str]) -> Answer:
        group = {
            "SecurityGroupId": f"sg-{len(self.groups)}",
            "SecurityGroupName": asked["SecurityGroupName"],
            "open": [],
        }
        self._set_tags(group, {asked["Tag.1.Key"]: asked["Tag.1.Value"]})
        self.groups[group["SecurityGroupId"]] = group
        return {"SecurityGroupId": group["SecurityGroupId"]}

    def do_AuthorizeSecurityGroup(self, asked: dict[str, str]) -> Answer:
        self.groups[asked["SecurityGroupId"]]["open"].append((asked["PortRange"], asked["SourceCidrIp"]))
        return {"RequestId": "1"}

    def do_DescribeKeyPairs(self, asked: dict[str, str]) -> Answer:
        found = [{"KeyPairName": name} for name in self.keys if name == asked["KeyPairName"]]
        return {"KeyPairs": {"KeyPair": found}, "TotalCount": len(found)}

    def do_ImportKeyPair(self, asked: dict[str, str]) -> Answer:
        self.keys[asked["KeyPairName"]] = asked["PublicKeyBody"]
        return {"KeyPairName": asked["KeyPairName"]}

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(f"many-{number}", "ecs.g8i.large", {"ImageId": NEWEST, "ZoneId": "eu-central-1a"})

    def empty(self) -> None:
        self.instances.clear()

    def _made(self, name: str, size: str, asked: dict[str, str]) -> str:
        self.number += 1
        id = f"i-bp{self.number:016}"
        addresses = {"PrivateIpAddress": {"IpAddress": ["172.16.0.7"]}, "VpcId": VPC, "VSwitchId": "vsw-a"}
        six = {"Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": "2408:4321:180:1701:94c7:bc38:3bfa:1"}]}}
        self.instances[id] = {
            "InstanceId": id,
            "InstanceName": name,
            "Status": "Running",
            "InstanceType": size,
            "ImageId": asked["ImageId"],
            "ZoneId": asked["ZoneId"],
            "CreationTime": "2026-11-05T19:17Z",
            "PublicIpAddress": {"IpAddress": ["47.254.1.2"]},
            "InnerIpAddress": {"IpAddress": []},
            "EipAddress": {"IpAddress": "", "AllocationId": ""},
            "VpcAttributes": addresses,
            "NetworkInterfaces": {"NetworkInterface": [six]},
            "SecurityGroupIds": {"SecurityGroupId": [asked.get("SecurityGroupId", "sg-0")]},
        }
        numbers = [number for number in range(1, 21) if f"Tag.{number}.Key" in asked]
        given = {asked[f"Tag.{number}.Key"]: asked.get(f"Tag.{number}.Value", "") for number in numbers}
        self._set_tags(self.instances[id], given)
        return id

    def _power(self, asked: dict[str, str], before: str, after: str) -> Answer:
        instance = self.instances.get(asked["InstanceId"])
        if instance is None:
            return self._missing()
        if instance["Status"] != before:
            return refusal(403, "IncorrectInstanceStatus", "The current status of the resource does not support this.")
        instance["Status"] = after
        return {"RequestId": "1"}

    def _missing(self) -> Reply:
        return refusal(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")

    def _numbered(self, asked: dict[str, str], outer: str, inner: str, found: Any, most: int = 50) -> Answer:
        number, size = int(asked["PageNumber"]), min(most, int(asked["PageSize"]))
        return {outer: {inner: page_of(list(found), number, size)[0]}, "TotalCount": len(found), "PageNumber": number}

    def _tags(self, thing: dict[str, Any]) -> dict[str, str]:
        return {tag["TagKey"]: tag["TagValue"] for tag in thing["Tags"]["Tag"]}

    def _set_tags(self, thing: dict[str, Any], pairs: dict[str, str]) -> None:
        thing["Tags"] = {"Tag": [{"TagKey": key, "TagValue": value} for key, value in pairs.items()]}
