"""The locations and sizes of a subscription."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from mistserver.domain.catalog import Location, Size
from mistserver.providers.azure_arm.api import SKUS, SUBSCRIPTIONS, TITLE, Api
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.libcloud_base import CURRENCY, price
from mistserver.providers.locations import meant
from mistserver.providers.rest import by_link

_PRICES = "azure_linux"
_PRICED_FIRST = "eastus"  # whose prices are shown for what is offered there


class _Capability(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Restriction(msgspec.Struct):
    type: str = ""


class _Sku(msgspec.Struct, rename="camel"):
    """What of a SKU matters; the whole answer is some tens of megabytes."""

    name: str
    resource_type: str
    locations: list[str] = []
    capabilities: list[_Capability] | None = None
    restrictions: list[_Restriction] | None = None


class _Skus(msgspec.Struct, rename="camel"):
    value: list[_Sku]
    next_link: str | None = None


def locations(api: Api) -> list[Location]:
    """The regions in which the subscription may have machines, by name, so that their position stays the same."""
    found = api.pages(f"{api.whole}/locations", SUBSCRIPTIONS)
    there = [each for each in found if (each.get("metadata") or {}).get("regionType", "Physical") == "Physical"]
    listed = [Location(id=each["name"], name=each.get("displayName") or each["name"]) for each in there]
    return sorted(listed, key=lambda location: location.id)


def location(api: Api, wanted: str) -> str:
    """The location that is meant: its id, its name, or its position in the list ("0", "1" ...)."""
    return meant(TITLE, wanted, locations(api)).id


def sizes(api: Api) -> list[Size]:
    """The sizes that the subscription may use somewhere, small ones first; `extra` tells where."""
    first: dict[str, _Sku] = {}
    where: dict[str, list[str]] = defaultdict(list)
    for sku in _skus(api):
        closed = any(each.type == "Location" for each in sku.restrictions or [])
        if sku.resource_type == "virtualMachines" and not closed:
            first.setdefault(sku.name, sku)
            where[sku.name] += [each.lower() for each in sku.locations]
    listed = [_size(sku, sorted(set(where[name]))) for name, sku in first.items()]
    return sorted(listed, key=lambda size: (size.cores or 0, size.ram_mb or 0, size.id))


def _skus(api: Api) -> Iterator[_Sku]:
    path, params = f"{api.whole}/providers/Microsoft.Compute/skus", dict[str, Any]()
    follow = by_link(lambda body: body["link"])
    while True:
        body = api.raw(path, SKUS, params)
        try:
            page = msgspec.json.decode(body, type=_Skus)
        except (msgspec.MsgspecError, RecursionError):
            raise bad_answer(api.where, body) from None
        yield from page.value
        more = follow({"link": page.next_link}, 0)
        if more is None:
            return
        if more == params:
            raise bad_answer(api.where)
        params = dict(more)


def _size(sku: _Sku, where: list[str]) -> Size:
    told = {each.name: each.value for each in sku.capabilities or []}
    cores, ram_gib, disk_mib = (_number(told.get(name)) for name in ("vCPUs", "MemoryGB", "MaxResourceVolumeMB"))
    cost, currency, date, place = _price(sku.name, where)
    return Size(
        id=sku.name,
        name=sku.name,
        cores=cores,
        ram_mb=None if ram_gib is None else round(ram_gib * 1024),
        disk_gb=round(disk_mib / 1024) or None if disk_mib else None,
        price=cost,
        currency=currency,
        price_date=date,
        driver="azure_arm",
        extra={"locations": where, "architecture": told.get("CpuArchitectureType", "x64")}
        | ({"price_location": place} if place else {}),
    )


def _price(name: str, where: list[str]) -> tuple[float | None, str | None, str | None, str | None]:
    """Azure's own prices are elsewhere: these are libcloud's, of Linux by the hour, with the location they are of."""
    spelled = name.replace("_", "").lower()
    for place in sorted(where, key=lambda place: (place != _PRICED_FIRST, place)):
        found = price(_PRICES, spelled, place)
        if found is not None:
            return found[0], CURRENCY, found[2], place
    return None, None, None, None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
