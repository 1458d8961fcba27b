"""What a region of EC2 offers to build machines from."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers.ec2.api import Api
from mistserver.providers.libcloud_base import price

ENOUGH = 40  # so many results from owners that are known satisfy a search
SEARCHED = 1000  # results looked at among everybody's images
PAGES_OF = {"PageSize": 1000}

# Who publishes the distributions' images, by what the region's id starts with; other partitions have Amazon's alone.
_CANONICAL = {"us-gov-": "513442679011", "cn-": "837727238323", "": "099720109477"}
_DEBIAN = "136693071363"
_CLOSED = ("us-iso", "eu-iso", "eusc-")

_DEBIAN_NAMES = ("debian-12-amd64-*", "debian-12-arm64-*", "debian-13-amd64-*", "debian-13-arm64-*")
_UBUNTU_NAMES = tuple(
    f"ubuntu/images/hvm-ssd*/ubuntu-*-{version}-{machine}-server-*"
    for version in ("22.04", "24.04", "26.04")
    for machine in ("amd64", "arm64")
)
_AMAZON_NAMES = tuple(f"al2023-ami-2023.*-{machine}" for machine in ("x86_64", "arm64"))


def images(api: Api, region: str, search: str | None) -> list[Image]:
    """See `Provider.list_images`. A search takes the results of known owners first, then up to 1000 of anybody's."""
    if search is None:
        return _default(api, region)
    if search == "all":
        return _shown(api.pages("describe_images", "Images", PaginationConfig=PAGES_OF), set())
    return _searched(api, region, search)


def sizes(api: Api, region: str) -> list[Size]:
    """Every instance type of the region, small ones first.

    EC2 tells no prices here: they are those of libcloud's table, of an hour of Linux on demand.
    """
    found = [_size(each, region) for each in api.pages("describe_instance_types", "InstanceTypes")]
    return sorted(found, key=lambda size: (size.cores or 0, size.ram_mb or 0, size.id))


def locations(api: Api) -> list[Location]:
    """The availability zones, by name, so that their position stays the same."""
    zones = api.call("describe_availability_zones").get("AvailabilityZones", [])
    names = sorted(str(zone["ZoneName"]) for zone in zones if zone.get("State", "available") == "available")
    return [Location(id=name, name=name) for name in names]


def zone(api: Api, location: str) -> str:
    """The zone that `location` means: its name, or its position in the list of locations ("0", "1" ...)."""
    known = [each.id for each in locations(api)]
    if location in known:
        return location
    if location.isdecimal() and int(location) < len(known):
        return known[int(location)]
    raise InvalidInput(f"EC2 has no location {location!r} here; it has {', '.join(known)}.", field="location")


def networks(api: Api) -> list[Network]:
    """The region's VPCs with their subnets; a machine is put into either."""
    subnets: dict[str, list[dict[str, Any]]] = {}
    for each in api.pages("describe_subnets", "Subnets", PaginationConfig=PAGES_OF):
        subnets.setdefault(each.get("VpcId", ""), []).append(
            {
                "id": each["SubnetId"],
                "name": _name(each) or each["SubnetId"],
                "cidr": each.get("CidrBlock"),
                "location": each.get("AvailabilityZone"),
                "public": bool(each.get("MapPublicIpOnLaunch")),
            }
        )
    return [
        Network(
            id=vpc["VpcId"],
            name=_name(vpc) or vpc["VpcId"],
            status=vpc.get("State", ""),
            subnets=tuple(sorted(subnets.get(vpc["VpcId"], []), key=lambda subnet: str(subnet["location"]))),
            extra={"cidr": vpc.get("CidrBlock"), "default": bool(vpc.get("IsDefault"))},
        )
        for vpc in api.pages("describe_vpcs", "Vpcs", PaginationConfig=PAGES_OF)
    ]


def _publishers(region: str) -> dict[str, tuple[str, ...]]:
    """Owner -> the names of the images that matter."""
    if region.startswith(_CLOSED):
        return {"amazon": _AMAZON_NAMES}
    canonical = next(owner for start, owner in _CANONICAL.items() if region.startswith(start))
    found = {"amazon": _AMAZON_NAMES, canonical: _UBUNTU_NAMES}
    return found if region.startswith(("us-gov-", "cn-")) else {_DEBIAN: _DEBIAN_NAMES, **found}


def _default(api: Api, region: str) -> list[Image]:
    own = list(api.pages("describe_images", "Images", Owners=["self"], PaginationConfig=PAGES_OF))
    newest: dict[str, dict[str, Any]] = {}
    for owner, names in _publishers(region).items():
        filters = [{"Name": "name", "Values": list(names)}, {"Name": "state", "Values": ["available"]}]
        found = list(api.pages("describe_images", "Images", Owners=[owner], Filters=filters, PaginationConfig=PAGES_OF))
        for pattern in names:
            matching = [image for image in found if fnmatchcase(str(image.get("Name")), pattern)]
            if matching:
                newest[pattern] = max(matching, key=lambda image: str(image.get("CreationDate", "")))
    shown = [*own, *newest.values()]
    return _shown(shown, {image["ImageId"] for image in shown})


def _searched(api: Api, region: str, search: str) -> list[Image]:
    """EC2 compares case by case and whole, so the usual spellings are asked for, between wildcards."""
    term = "".join("\\" + char if char in "\\*?" else char for char in search)
    spellings = dict.fromkeys([term, term.lower(), term.upper(), term.title()])
    filters = [{"Name": "name", "Values": [f"*{each}*" for each in spellings]}]
    found: list[dict[str, Any]] = []
    if search.startswith("ami-"):
        filters = [{"Name": "image-id", "Values": [f"{term}*"]}]
        found = list(api.pages("describe_images", "Images", Filters=filters, IncludeDeprecated=True))
        return _shown(found, set())
    for owner in ("self", *_publishers(region), "aws-marketplace"):
        found += api.pages("describe_images", "Images", Owners=[owner], Filters=filters, PaginationConfig=PAGES_OF)
    if len(found) < ENOUGH:
        everybodys = api.pages("describe_images", "Images", Filters=filters, PaginationConfig=PAGES_OF)
        found += islice(everybodys, SEARCHED)
    return _shown(found, set())


def _shown(found: Any, starred: set[str]) -> list[Image]:
    """Each image once; kernels and RAM disks (aki, ari) are no machines' images."""
    seen: dict[str, Image] = {}
    for each in found:
        id = str(each["ImageId"])
        if id.startswith("ami"):
            extra = {
                "owner": each.get("ImageOwnerAlias") or each.get("OwnerId"),
                "architecture": each.get("Architecture"),
                "created_at": each.get("CreationDate"),
                "description": each.get("Description"),
                "platform": each.get("PlatformDetails"),
            }
            kept = {name: value for name, value in extra.items() if value}
            seen.setdefault(id, Image(id=id, name=each.get("Name") or id, star=id in starred, extra=kept))
    return list(seen.values())


def _size(each: dict[str, Any], region: str) -> Size:
    disk = each.get("InstanceStorageInfo", {}).get("TotalSizeInGB")
    cost, currency, date = price("ec2_linux", each["InstanceType"], region) or (None, None, None)
    return Size(
        id=each["InstanceType"],
        name=each["InstanceType"],
        cores=each.get("VCpuInfo", {}).get("DefaultVCpus"),
        ram_mb=each.get("MemoryInfo", {}).get("SizeInMiB"),
        disk_gb=disk,
        price=cost,
        currency=currency,
        price_date=date,
        driver="ec2",
        extra={"architectures": each.get("ProcessorInfo", {}).get("SupportedArchitectures", [])},
    )


def _name(thing: dict[str, Any]) -> str:
    return next((str(tag.get("Value") or "") for tag in thing.get("Tags", []) if tag.get("Key") == "Name"), "")
