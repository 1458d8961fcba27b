"""What a zone of Scaleway offers to build machines from."""

from __future__ import annotations

import re
from datetime import date

from mistserver.domain.catalog import Image, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers import header_pages, images
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Follow, Json, Rest

_PER_PAGE = 100
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GB, _MIB = 10**9, 1024**2
_MARKET = "/marketplace/v2"


def listed(api: Rest, path: str, key: str, **query: str) -> list[Json]:
    """Every page of a listing of the Instance API."""
    found = header_pages.bodies(api, path, header_pages.by_link, per_page=_PER_PAGE, **query)
    with understood(api.where):
        return [_object(each) for body in found for each in body[key]]


def counted(api: Rest, path: str, key: str, **query: str) -> list[Json]:
    """Every page of a listing of Scaleway's other APIs."""
    return api.pages(path, key, _by_count(), page_size=_PER_PAGE, **query)


def images_of(api: Rest, zone: str, project: str, search: str | None) -> list[Image]:
    """The project's own images by their ids, and the vendor's by their labels, which stay when these are renewed."""
    own = listed(api, f"{zone}/images", "images", public="false", project=project)
    offered = counted(api, f"{_MARKET}/images", "images", include_eol="false")
    with understood(api.where):
        public = [_market_image(each) for each in offered if search is not None or _is_system(each)]
        return images.shown(public, search, [_own_image(each) for each in own])


def image_id(api: Rest, zone: str, image: str, size: str) -> str:
    """The image by its id, or by its label the one that fits the size; local storage goes before block storage.

    A destroyed machine takes its local storage along, and leaves its block storage behind.
    """
    if _UUID.fullmatch(image):
        return image
    found = counted(api, f"{_MARKET}/local-images", "local_images", image_label=image, zone=zone)
    with understood(api.where):
        fitting = [each for each in found if size in each["compatible_commercial_types"]]
        fitting.sort(key=lambda each: each["type"] != "instance_local")
        if not fitting:
            raise InvalidInput(
                f"Scaleway has no image {image[:80]!a} for the size {size[:80]!a} in {zone}.", field="image"
            )
        return str(fitting[0]["id"])


def sizes(api: Rest, zone: str) -> list[Size]:
    """Prices are today's, in euros (the API's only currency)."""
    with understood(api.where):
        offered, stock = _table(api, f"{zone}/products/servers"), _table(api, f"{zone}/products/servers/availability")
        return [
            _size(name, each, (stock.get(name) or {}).get("availability"))
            for name, each in sorted(offered.items())
            if not each.get("end_of_service")
        ]


def networks(api: Rest, zone: str, project: str) -> list[Network]:
    """The private networks of the zone's region."""
    path = f"/vpc/v2/regions/{zone.rpartition('-')[0]}/private-networks"
    with understood(api.where):
        return [
            Network(
                id=each["id"],
                name=each["name"],
                subnets=tuple({"id": net["id"], "cidr": net["subnet"]} for net in each.get("subnets") or []),
                extra={"vpc_id": each.get("vpc_id")},
            )
            for each in counted(api, path, "private_networks", project_id=project)
        ]


def private_addresses(api: Rest, zone: str, nics: list[str], project: str) -> dict[str, list[str]]:
    """The addresses of private network interfaces by the interfaces' ids; of all of the project when there are many."""
    path = f"/ipam/v1/regions/{zone.rpartition('-')[0]}/ips"
    some = {"resource_id": nics[0]} if len(nics) == 1 else {}
    held: dict[str, list[str]] = {}
    with understood(api.where):
        for each in counted(api, path, "ips", resource_type="instance_private_nic", project_id=project, **some):
            if each.get("resource"):
                held.setdefault(str(each["resource"]["id"]), []).append(each["address"].partition("/")[0])
    return held


def _table(api: Rest, path: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for body in header_pages.bodies(api, path, header_pages.by_link, per_page=_PER_PAGE):
        found |= _object(body["servers"])
    return found


def _size(name: str, each: Json, availability: str | None) -> Size:
    local = (each.get("volumes_constraint") or {}).get("max_size") or 0
    return Size(
        id=name,
        name=name,
        cores=each["ncpus"],
        ram_mb=each["ram"] // _MIB,
        disk_gb=local // _GB or None,
        price=each["hourly_price"],
        currency="EUR" if each["hourly_price"] is not None else None,
        price_date=date.today().isoformat() if each["hourly_price"] is not None else None,
        driver="scaleway",
        extra={
            "availability": availability,
            "architecture": each.get("arch"),
            "gpus": each.get("gpu") or 0,
            "price_month": each.get("monthly_price"),
        },
    )


def _own_image(each: Json) -> Image:
    extra = {"public": False, "architecture": each.get("arch"), "created_at": each.get("creation_date")}
    return Image(id=each["id"], name=each["name"], extra=extra)


def _market_image(each: Json) -> Image:
    extra = {"public": True, "categories": each.get("categories") or [], "updated_at": each.get("updated_at")}
    return Image(id=each["label"], name=each["name"], extra=extra)


def _is_system(each: Json) -> bool:
    return "distribution" in [category.casefold() for category in each.get("categories") or []]


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _by_count() -> Follow:
    state = {"page": 1}

    def follow(body: Json, count: int) -> Json | None:
        total = body.get("total_count")
        if not isinstance(total, int) or count >= total or not count:
            return None
        state["page"] += 1
        return {"page": state["page"]}

    return follow
