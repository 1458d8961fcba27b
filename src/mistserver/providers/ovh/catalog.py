"""What a project of OVHcloud's Public Cloud offers to build machines from.

Images and sizes have other ids in each region, but the same names: names are the ids that Mist shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers import images
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.ovh.api import Api
from mistserver.providers.rest import Json

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNITS = 10**8  # of the catalogue's prices in one of the currency


def images_of(api: Api, project: str, search: str | None) -> list[Image]:
    """The project's own (snapshots) by their ids, which exist in one region, and the vendor's by their names."""
    own = api.all_of(f"{project}/snapshot")
    offered = api.all_of(f"{project}/image")
    with understood(api.where):
        public = [
            Image(id=name, name=name, extra={**_image_extra(each[0]), "regions": [one["region"] for one in each]})
            for name, each in _by_name(offered).items()
            if search is not None or " - " not in name
        ]
        mine = [Image(id=each["id"], name=each["name"], extra={**_image_extra(each), "own": True}) for each in own]
        return images.shown(public, search, mine)


def sizes(api: Api, project: str, subsidiary: str) -> list[Size]:
    """Hourly prices are today's in the subsidiary's currency, without tax, for the regions of the usual price."""
    offered = api.all_of(f"{project}/flavor")
    catalogue = api.get("/1.0/order/catalog/public/cloud", ovhSubsidiary=subsidiary)
    with understood(api.where):
        currency = catalogue["locale"]["currencyCode"]
        prices = {plan["planCode"]: plan["pricings"] for plan in catalogue["addons"]}
        return [_size(name, each, _hourly(each, prices), currency) for name, each in sorted(_by_name(offered).items())]


def locations(api: Api, project: str) -> list[Location]:
    found = api.call("GET", f"{project}/region")
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise bad_answer(api.where)
    return [Location(id=each, name=each) for each in sorted(found)]


def networks(api: Api, project: str) -> list[Network]:
    """Private networks, and the public one: a machine that is given networks has those alone."""
    found = [each for kind in ("private", "public") for each in api.all_of(f"{project}/network/{kind}")]
    with understood(api.where):
        return [
            Network(
                id=each["id"],
                name=each["name"],
                status=each.get("status") or "",
                extra={
                    "type": each.get("type"),
                    "vlan": each.get("vlanId"),
                    "regions": [region["region"] for region in each.get("regions") or []],
                },
            )
            for each in found
        ]


def image_id(api: Api, project: str, region: str, image: str) -> str:
    return _id(image, lambda: api.all_of(f"{project}/image", region=region), f"image ({region})")


def flavor_id(api: Api, project: str, region: str, size: str) -> str:
    return _id(size, lambda: api.all_of(f"{project}/flavor", region=region), f"size ({region})")


def _id(wanted: str, offered: Callable[[], list[Json]], what: str) -> str:
    if _UUID.fullmatch(wanted):
        return wanted
    for each in offered():
        if wanted in (each.get("name"), each.get("id")):
            return str(each["id"])
    raise InvalidInput(f"OVHcloud has no {what} called {wanted[:80]!a}.", field=what.partition(" ")[0])


def _by_name(found: list[Json]) -> dict[str, list[Json]]:
    named: dict[str, list[Json]] = {}
    for each in found:
        named.setdefault(each["name"], []).append(each)
    return named


def _image_extra(each: Json) -> Json:
    return {"user": each.get("user"), "min_disk_gb": each.get("minDisk"), "type": each.get("type")}


def _hourly(flavors: list[Json], prices: dict[str, list[Json]]) -> float | None:
    plans = {str((each.get("planCodes") or {}).get("hourly")) for each in flavors}
    usual = f"{flavors[0]['name']}.consumption"
    for plan in [usual] if usual in plans else sorted(plans):
        for pricing in prices.get(plan, []):
            if "consumption" in pricing["capacities"]:
                return float(pricing["price"]) / _UNITS
    return None


def _size(name: str, flavors: list[Json], price: float | None, currency: str) -> Size:
    first = flavors[0]
    return Size(
        id=name,
        name=name,
        cores=first["vcpus"],
        ram_mb=first["ram"],
        disk_gb=first["disk"],
        price=price,
        currency=None if price is None else currency,
        price_date=None if price is None else date.today().isoformat(),
        driver="ovh",
        extra={
            "type": first.get("type"),
            "os": first.get("osType"),
            "locations": sorted({each["region"] for each in flavors if each.get("available", True)}),
        },
    )
