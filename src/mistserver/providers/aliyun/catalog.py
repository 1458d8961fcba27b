"""What a region of Alibaba Cloud offers to build machines from."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.providers import images
from mistserver.providers.aliyun.api import Api, inside, plain
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json

_PAGE = 100
_NETWORKS_PAGE = 50


def images_of(api: Api, region: str, search: str | None) -> list[Image]:
    """The account's own images and the vendor's, of these in the default set the newest of each family."""
    own = api.by_page("DescribeImages", "Images", "Image", _PAGE, RegionId=region, ImageOwnerAlias="self")
    offered = api.by_page("DescribeImages", "Images", "Image", _PAGE, RegionId=region, ImageOwnerAlias="system")
    with understood(api.where):
        mine = {str(each["ImageId"]) for each in own}
        others = [each for each in offered if each["ImageId"] not in mine]
        public = [_image(each) for each in (others if search is not None else _newest(others))]
        return images.shown(public, search, [_image(each) for each in own])


def sizes(api: Api, region: str) -> list[Size]:
    """The instance types that the region's zones have."""
    every = api.by_token("DescribeInstanceTypes", "InstanceTypes", "InstanceType")
    zones = zones_of(api, region)
    with understood(api.where):
        there: dict[str, list[str]] = {}
        for zone in zones:
            for name in plain(zone.get("AvailableInstanceTypes"), "InstanceTypes"):
                there.setdefault(str(name), []).append(str(zone["ZoneId"]))
        found = [_size(each, there[each["InstanceTypeId"]]) for each in every if each["InstanceTypeId"] in there]
        return sorted(found, key=lambda size: (size.cores or 0, size.ram_mb or 0, size.id))


def locations(api: Api, region: str) -> list[Location]:
    """The zones, by their ids."""
    zones = zones_of(api, region)
    with understood(api.where):
        found = [Location(id=each["ZoneId"], name=each.get("LocalName") or each["ZoneId"]) for each in zones]
        return sorted(found, key=lambda zone: zone.id)


def zones_of(api: Api, region: str) -> list[Json]:
    body = api.act("DescribeZones", RegionId=region, AcceptLanguage="en-US")
    return inside(body, "Zones", "Zone", api.where)


def networks(vpc: Api, region: str) -> list[Network]:
    """The region's VPCs with their vSwitches; a machine is put into either."""
    found = vpc.by_page("DescribeVpcs", "Vpcs", "Vpc", _NETWORKS_PAGE, RegionId=region)
    switches = vswitches(vpc, region)
    with understood(vpc.where):
        return [
            Network(
                id=each["VpcId"],
                name=each.get("VpcName") or each["VpcId"],
                status=str(each.get("Status") or "").lower(),
                subnets=tuple(_subnet(one) for one in switches if one["VpcId"] == each["VpcId"]),
                extra={"cidr": each.get("CidrBlock"), "default": bool(each.get("IsDefault"))},
            )
            for each in found
        ]


def vswitches(vpc: Api, region: str, **query: Any) -> list[Json]:
    return vpc.by_page("DescribeVSwitches", "VSwitches", "VSwitch", _NETWORKS_PAGE, RegionId=region, **query)


def _newest(found: list[Json]) -> list[Json]:
    """Of images that are built every month, the last."""
    newest: dict[str, Json] = {}
    for each in found:
        family = str(each.get("ImageFamily") or each["ImageId"])
        if family not in newest or str(newest[family]["CreationTime"]) < str(each["CreationTime"]):
            newest[family] = each
    return list(newest.values())


def _image(each: Json) -> Image:
    name = each.get("OSNameEn") or each.get("OSName") or ""
    called = each.get("ImageName") or each["ImageId"]
    return Image(
        id=each["ImageId"],
        name=f"{' '.join(name.split())} ({called})" if name else called,
        extra={
            "owner": each.get("ImageOwnerAlias"),
            "architecture": each.get("Architecture"),
            "created_at": each.get("CreationTime"),
            "min_disk_gb": each.get("Size"),
            "family": each.get("ImageFamily"),
        },
    )


def _size(each: Json, zones: list[str]) -> Size:
    local = (each.get("LocalStorageCapacity") or 0) * (each.get("LocalStorageAmount") or 0)
    return Size(
        id=each["InstanceTypeId"],
        name=each["InstanceTypeId"],
        cores=each["CpuCoreCount"],
        ram_mb=round(each["MemorySize"] * 1024),
        disk_gb=local or None,
        driver="aliyun",
        extra={
            "family": each.get("InstanceTypeFamily"),
            "architecture": each.get("CpuArchitecture"),
            "gpus": each.get("GPUAmount") or 0,
            "locations": zones,
        },
    )


def _subnet(each: Json) -> Json:
    return {
        "id": each["VSwitchId"],
        "name": each.get("VSwitchName") or each["VSwitchId"],
        "cidr": each.get("CidrBlock"),
        "location": each.get("ZoneId"),
        "default": bool(each.get("IsDefault")),
    }
