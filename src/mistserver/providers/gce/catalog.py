"""What a project can build instances from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import ProviderNotFound
from mistserver.providers import images as choosing
from mistserver.providers.gce.api import TITLE, Api
from mistserver.providers.gce.machines import last
from mistserver.providers.http import at
from mistserver.providers.libcloud_base import CURRENCY, price_table
from mistserver.providers.locations import meant
from mistserver.providers.rest import Json

# Where Google keeps public images: https://cloud.google.com/compute/docs/images/os-details
_FREE = (
    *("debian-cloud", "ubuntu-os-cloud", "rocky-linux-cloud", "almalinux-cloud", "centos-cloud"),
    *("oracle-linux-cloud", "opensuse-cloud", "fedora-cloud", "cos-cloud"),
)
_PAID = ("rhel-cloud", "rhel-sap-cloud", "suse-cloud", "suse-sap-cloud", "ubuntu-os-pro-cloud")
_OTHER = ("windows-cloud", "windows-sql-cloud", "fedora-coreos-cloud", "rocky-linux-accelerator-cloud")
PROJECTS = (*_FREE, *_PAID, *_OTHER)
_CURRENT = "(deprecated.state != DEPRECATED) (deprecated.state != OBSOLETE) (deprecated.state != DELETED)"
_GONE = ("DEPRECATED", "OBSOLETE", "DELETED")

PRICES = "gce_instances"
_PRICED_REGION = "us-central1"  # whose prices are shown for what is offered there
_BILLED_CORES = MappingProxyType({"e2-micro": 0.25, "e2-small": 0.5, "e2-medium": 1.0})  # of the two that they show
_MADE_OF = re.compile(r"([a-z]\d[a-z]?)-(?:micro|small|medium|standard|highmem|highcpu|ultramem|megamem)(?:-\d+)?")


def images(api: Api, search: str | None) -> list[Image]:
    """See `Provider.list_images`. Those that Google has withdrawn are left out.

    An image of a family goes by the family, whose newest image Google then takes.
    """
    own = _images(api, api.project)
    projects = _FREE if search is None else PROJECTS
    public = [image for project in projects for image in _images(api, project, public=True)]
    return choosing.shown(public, search, own)


def source_image(api: Api, image: str) -> str:
    """What `instances.insert` takes for an image's id, for a name of the project's own, or `project/name`."""
    path = image.partition("/compute/v1/")[2] or image
    if path.startswith(("projects/", "global/")):
        return path
    project, _, name = path.rpartition("/")
    return at("projects/{}/global/images/{}", project or api.project, name)


def sizes(api: Api) -> list[Size]:
    """The machine types of all zones, each once, small ones first; `extra` tells the zones."""
    found: dict[str, Json] = {}
    zones: dict[str, list[str]] = defaultdict(list)
    for each in api.aggregated("machineTypes"):
        if not _withdrawn(each):
            found.setdefault(str(each["name"]), each)
            zones[str(each["name"])].append(last(each["zone"]) or "")
    listed = [_size(each, sorted(zones[name])) for name, each in found.items()]
    return sorted(listed, key=lambda size: (size.cores or 0, size.ram_mb or 0, size.id))


def locations(api: Api) -> list[Location]:
    """The zones that are up, by name, so that their position stays the same."""
    names = sorted(str(each["name"]) for each in api.listed("/zones") if each.get("status", "UP") == "UP")
    return [Location(id=name, name=name) for name in names]


def zone(api: Api, location: str) -> str:
    """The zone that is meant: its name, or its position in the list of locations ("0", "1" ...)."""
    return meant(TITLE, location, locations(api)).id


def networks(api: Api) -> list[Network]:
    """The project's VPC networks with their subnets; an instance is put into either."""
    subnets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in api.aggregated("subnetworks"):
        region = last(each["region"])
        subnets[last(each["network"]) or ""].append(
            {
                "id": f"regions/{region}/subnetworks/{each['name']}",
                "name": each["name"],
                "cidr": each.get("ipCidrRange"),
                "location": region,
            }
        )
    return [
        Network(
            id=each["name"],
            name=each["name"],
            subnets=tuple(sorted(subnets[each["name"]], key=lambda subnet: str(subnet["id"]))),
            extra={"automatic": bool(each.get("autoCreateSubnetworks")), "default": each["name"] == "default"},
        )
        for each in api.listed("/global/networks")
    ]


def _images(api: Api, project: str, public: bool = False) -> list[Image]:
    try:
        found = api.listed("/global/images", project=project, filter=_CURRENT)
    except ProviderNotFound:
        if not public:
            raise
        return []  # Google closes such a project now and then; the other images are there nevertheless
    return [_image(each, project, public) for each in found if not _withdrawn(each)]


def _image(each: Json, project: str, public: bool) -> Image:
    family = each.get("family") if public else None
    name = f"family/{family}" if family else str(each["name"])
    extra = {
        "name": each["name"],
        "architecture": each.get("architecture"),
        "disk_gb": int(each["diskSizeGb"]) if each.get("diskSizeGb") else None,
        "created_at": each.get("creationTimestamp"),
        "public": public,
    }
    shown = str(each.get("description") or "").split(",")[:5]
    title = f"{each['name']} ({','.join(shown).strip()[:120]})" if shown[0] else str(each["name"])
    kept = {key: value for key, value in extra.items() if value is not None}
    return Image(id=f"projects/{project}/global/images/{name}", name=title, extra=kept)


def _withdrawn(each: Json) -> bool:
    return (each.get("deprecated") or {}).get("state") in _GONE


def _size(each: Json, zones: list[str]) -> Size:
    name, cores, ram_mb = str(each["name"]), each.get("guestCpus"), each.get("memoryMb")
    cost, date, region = _price(name, cores, ram_mb, zones)
    extra: dict[str, Any] = {"locations": zones, "description": each.get("description") or ""}
    return Size(
        id=name,
        name=name,
        cores=cores,
        ram_mb=ram_mb,
        price=cost,
        currency=CURRENCY if cost is not None else None,
        price_date=date,
        driver="gce",
        extra=extra | ({"price_location": region} if region else {}),
    )


def _price(name: str, cores: Any, ram_mb: Any, zones: list[str]) -> tuple[float | None, str | None, str | None]:
    """Google charges an hour of each core and each GiB, which differ by region: price, its date, its region."""
    table, made_of = price_table(PRICES), _MADE_OF.fullmatch(name)
    if table is None or made_of is None or not isinstance(cores, int) or not isinstance(ram_mb, int):
        return None, None, None
    rates = table.rows.get(made_of[1], {})
    regions = list(dict.fromkeys(zone.rpartition("-")[0] for zone in zones))
    for region in sorted(regions, key=lambda region: (region != _PRICED_REGION, region)):
        core, gib = _rate(rates, "cpu", region), _rate(rates, "ram", region)
        if core and (gib or "ram" not in rates):
            hour = core * _BILLED_CORES.get(name, cores) + (gib or 0.0) * ram_mb / 1024
            return round(hour, 6), table.date, region
    return None, None, None


def _rate(rates: Mapping[str, Any], part: str, region: str) -> float | None:
    found = rates.get(part, {}).get("on_demand", {}).get(region, {}).get("price")
    return float(found) if found else None
