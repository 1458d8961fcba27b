"""What a cloud offers to build machines from."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import ProviderNotFound, ProviderRejected
from mistserver.providers import images as chosen
from mistserver.providers.http_errors import understood
from mistserver.providers.nova.cloud import Cloud, listed
from mistserver.providers.rest import Json

_NO_ZONES = (ProviderNotFound, ProviderRejected)


def images(cloud: Cloud, search: str | None) -> list[Image]:
    """See `Provider.list_images`. The project's own images are among the default ones."""
    found = _images(cloud, everybodys=search is not None)
    with understood(cloud.compute.where):
        own = [_image(each) for each in found if _is_own(cloud, each)]
        offered = [_image(each) for each in found if not _is_own(cloud, each)]
    return chosen.shown(offered, search, own)


def sizes(cloud: Cloud) -> list[Size]:
    """Every flavour that the project may use, small ones first. The protocol has no prices."""
    found = listed(cloud.compute, "/flavors/detail", "flavors")
    with understood(cloud.compute.where):
        offered = [_size(each) for each in found if not each.get("OS-FLV-DISABLED:disabled")]
    return sorted(offered, key=lambda size: (size.ram_mb or 0, size.cores or 0, size.id))


def locations(cloud: Cloud) -> list[Location]:
    """The availability zones by name; the region itself where a cloud has none."""
    try:
        found = cloud.compute.get("/os-availability-zone")
    except _NO_ZONES:
        found = {"availabilityZoneInfo": []}
    with understood(cloud.compute.where):
        zones = sorted(
            str(each["zoneName"])
            for each in found["availabilityZoneInfo"]
            if (each.get("zoneState") or {}).get("available", True)
        )
    return [Location(id=name, name=name) for name in zones or [cloud.region or "default"]]


def networks(cloud: Cloud) -> list[Network]:
    """Neutron's networks with their subnets; Nova's own where a cloud has no Neutron."""
    if cloud.network is None:
        return _older_networks(cloud)
    found = listed(cloud.network, "/networks", "networks")
    subnets: dict[str, list[Json]] = {}
    within = listed(cloud.network, "/subnets", "subnets")
    with understood(cloud.network.where):
        for each in within:
            subnets.setdefault(each["network_id"], []).append(_subnet(each))
        return [_network(each, subnets.get(each["id"], [])) for each in found]


def _images(cloud: Cloud, *, everybodys: bool) -> list[Json]:
    """Glance's active images, other projects' open ones only if wanted; Nova's where a cloud has no Glance."""
    if cloud.image is None:
        return listed(cloud.compute, "/images/detail", "images", status="ACTIVE")
    if everybodys:
        try:
            return listed(cloud.image, "/images", "images", status="active", visibility="all")
        except ProviderRejected:  # a Glance from before there were community images
            pass
    return listed(cloud.image, "/images", "images", status="active")


def _is_own(cloud: Cloud, image: Json) -> bool:
    """Glance names the owner; Nova only tells snapshots, which belong to the project."""
    if "owner" in image:
        return bool(image["owner"] == cloud.access.project_id)
    return (image.get("metadata") or {}).get("image_type") == "snapshot"


def _image(each: Json) -> Image:
    extra = {
        "visibility": each.get("visibility"),
        "min_disk_gb": each.get("min_disk", each.get("minDisk")),
        "min_ram_mb": each.get("min_ram", each.get("minRam")),
        "size_bytes": each.get("size", each.get("OS-EXT-IMG-SIZE:size")),
        "disk_format": each.get("disk_format"),
        "created_at": each.get("created_at", each.get("created")),
    }
    kept = {name: value for name, value in extra.items() if value is not None}
    return Image(id=str(each["id"]), name=str(each.get("name") or each["id"]), extra=kept)


def _size(each: Json) -> Size:
    """A disk of 0 is as large as the image."""
    extra = {
        "ephemeral_gb": each.get("OS-FLV-EXT-DATA:ephemeral"),
        "swap_mb": each.get("swap"),
        "public": each.get("os-flavor-access:is_public"),
    }
    return Size(
        id=str(each["id"]),
        name=str(each["name"]),
        cores=each.get("vcpus"),
        ram_mb=each["ram"],
        disk_gb=each["disk"],
        driver="nova",
        extra={name: value for name, value in extra.items() if value not in (None, "")},
    )


def _network(each: Json, subnets: list[Json]) -> Network:
    extra = {
        "external": bool(each.get("router:external")),
        "shared": bool(each.get("shared")),
        "mtu": each.get("mtu"),
    }
    return Network(
        id=each["id"],
        name=each.get("name") or each["id"],
        status=str(each.get("status") or ""),
        subnets=tuple(sorted(subnets, key=lambda subnet: str(subnet["cidr"]))),
        extra=extra,
    )


def _subnet(each: Json) -> dict[str, Any]:
    kept = ("enable_dhcp", "dns_nameservers", "allocation_pools", "gateway_ip", "ip_version")
    named = {"id": each["id"], "name": each.get("name") or each["id"], "cidr": each.get("cidr")}
    return named | {name: each[name] for name in kept if name in each}


def _older_networks(cloud: Cloud) -> list[Network]:
    """`os-networks` shows all to administrators, `os-tenant-networks` the project's to everybody."""
    found = None
    for path in ("/os-tenant-networks", "/os-networks", "/os-networksv2"):
        found = cloud.compute.found(path)
        if found is not None:
            break
    with understood(cloud.compute.where):
        offered = [] if found is None else found["networks"]
        return [
            Network(
                id=str(each["id"]),
                name=str(each.get("label") or each["id"]),
                subnets=({"id": str(each["id"]), "name": str(each.get("label")), "cidr": each.get("cidr")},),
            )
            for each in offered
        ]
