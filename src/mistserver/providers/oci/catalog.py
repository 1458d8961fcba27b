"""What a region of Oracle Cloud offers to build machines from."""

from __future__ import annotations

import re

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers import images
from mistserver.providers.http_errors import understood
from mistserver.providers.oci.api import TITLE, Api
from mistserver.providers.oci.flexible import FlexibleSize
from mistserver.providers.oci.vnics import ROOT
from mistserver.providers.rest import Json

_OFFERED_OCPUS = (1, 2, 4, 8, 16, 32, 64)
_BUILD = re.compile(r"-\d{4}\.\d{2}\.\d{2}-\d+$")


def images_of(api: Api, compartment: str, search: str | None) -> list[Image]:
    """The compartment's own images and the platform's, of these in the default set the newest of each kind."""
    found = api.all_of(
        f"{ROOT}/images",
        compartmentId=compartment,
        lifecycleState="AVAILABLE",
        sortBy="TIMECREATED",
        sortOrder="DESC",
    )
    with understood(api.where):
        own = [_image(each) for each in found if each.get("compartmentId")]
        offered = [each for each in found if not each.get("compartmentId")]
        public = [_image(each) for each in (offered if search is not None else _newest(offered))]
        return images.shown(public, search, own)


def sizes(api: Api, compartment: str) -> list[Size]:
    """Every shape; a flexible one with the usual numbers of OCPUs and the memory that goes with them."""
    found = api.all_of(f"{ROOT}/shapes", compartmentId=compartment)
    with understood(api.where):
        every = {size.id: size for each in found for size in _sizes(each)}
        return sorted(every.values(), key=lambda size: (size.name.partition(":")[0], size.cores or 0))


def locations(identity: Api, compartment: str) -> list[Location]:
    """The availability domains."""
    found = identity.all_of(f"{ROOT}/availabilityDomains", compartmentId=compartment)
    with understood(identity.where):
        return sorted((Location(id=each["name"], name=each["name"]) for each in found), key=lambda each: each.id)


def networks(api: Api, compartment: str) -> list[Network]:
    """The virtual cloud networks with their subnets; a machine is put into either."""
    found = api.all_of(f"{ROOT}/vcns", compartmentId=compartment)
    inside = subnets(api, compartment)
    with understood(api.where):
        return [
            Network(
                id=each["id"],
                name=each.get("displayName") or each["id"],
                status=str(each.get("lifecycleState") or "").lower(),
                subnets=tuple(_subnet(one) for one in inside if one["vcnId"] == each["id"]),
                extra={"cidrs": each.get("cidrBlocks") or [each.get("cidrBlock")]},
            )
            for each in found
        ]


def subnets(api: Api, compartment: str) -> list[Json]:
    return api.all_of(f"{ROOT}/subnets", compartmentId=compartment, lifecycleState="AVAILABLE")


def subnet_for(api: Api, compartment: str, network: str | None, domain: str) -> str:
    """The subnet that is meant: the one named, one of the network named, or the only one there is."""
    if network is not None and not network.startswith(("ocid1.vcn.", "ocidv1:vcn:")):
        return network
    found = subnets(api, compartment)
    with understood(api.where):
        fitting = [each for each in found if each.get("availabilityDomain") in (None, domain)]
        fitting = [each for each in fitting if network in (None, each["vcnId"])]
        fitting.sort(key=lambda each: (bool(each.get("prohibitPublicIpOnVnic")), str(each.get("displayName"))))
        if not fitting:
            raise InvalidInput(
                f"{TITLE} has no subnet for that machine in {domain}; make one, or name a network (--network-id).",
                field="networks",
            )
        if network is None and len(fitting) > 1:
            known = ", ".join(str(each.get("displayName")) for each in fitting[:20])
            raise InvalidInput(f"There are several subnets ({known}); choose one (--network-id).", field="networks")
        return str(fitting[0]["id"])


def _newest(found: list[Json]) -> list[Json]:
    """Of images that are built every month the first, which is the last that was built."""
    newest: dict[str, Json] = {}
    for each in found:
        newest.setdefault(_BUILD.sub("", each["displayName"]), each)
    return list(newest.values())


def _image(each: Json) -> Image:
    extra = {
        "os": each.get("operatingSystem"),
        "version": each.get("operatingSystemVersion"),
        "created_at": each.get("timeCreated"),
        "size_mb": each.get("sizeInMBs"),
        "public": not each.get("compartmentId"),
    }
    return Image(id=each["id"], name=each["displayName"], extra=extra)


def _sizes(each: Json) -> list[Size]:
    if not each.get("isFlexible"):
        return [_size(FlexibleSize(each["shape"]), each, each["ocpus"], each["memoryInGBs"])]
    ocpus, memory = each.get("ocpuOptions") or {}, each.get("memoryOptions") or {}
    per_core = memory.get("defaultPerOcpuInGBs") or 1
    least, most = memory.get("minInGBs") or 1, memory.get("maxInGBs") or 1
    found = []
    for count in _OFFERED_OCPUS:
        if (ocpus.get("min") or 1) <= count <= (ocpus.get("max") or 1):
            ram = min(max(count * per_core, least), most)
            found.append(_size(FlexibleSize(each["shape"], float(count), float(ram)), each, count, ram))
    return found


def _size(size: FlexibleSize, each: Json, ocpus: float, memory_gb: float) -> Size:
    return Size(
        id=size.id,
        name=size.id,
        cores=ocpus,
        ram_mb=round(memory_gb * 1024),
        disk_gb=round(each.get("localDisksTotalSizeInGBs") or 0) or None,
        driver="oci",
        extra={
            "processor": each.get("processorDescription"),
            "gpus": each.get("gpus") or 0,
            "flexible": size.is_flexible,
            "free": each.get("billingType") == "ALWAYS_FREE",
        },
    )


def _subnet(each: Json) -> Json:
    return {
        "id": each["id"],
        "name": each.get("displayName") or each["id"],
        "cidr": each.get("cidrBlock"),
        "location": each.get("availabilityDomain"),
        "public": not each.get("prohibitPublicIpOnVnic"),
    }
