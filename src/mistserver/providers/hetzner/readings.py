"""Hetzner's objects as Mist shows them, and tags in both directions.

What is read here are the library's objects, and of them only what came with the answer: asked for more, they would go
to the network by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses

MARK = "mist-mark"
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "running": MachineState.RUNNING,
        "off": MachineState.STOPPED,
        "initializing": MachineState.PENDING,
        "starting": MachineState.PENDING,
        "stopping": MachineState.PENDING,
        "migrating": MachineState.PENDING,
        "rebuilding": MachineState.PENDING,
        "deleting": MachineState.TERMINATED,
        "unknown": MachineState.UNKNOWN,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)
# https://docs.hetzner.cloud/reference/cloud#labels
_KEY = re.compile(r"([0-9A-Za-z]([0-9A-Za-z_.-]{0,251}[0-9A-Za-z])?/)?[0-9A-Za-z]([0-9A-Za-z_.-]{0,61}[0-9A-Za-z])?")
_VALUE = re.compile(r"[0-9A-Za-z]([0-9A-Za-z_.-]{0,61}[0-9A-Za-z])?")


def reading(server: Any) -> MachineReading:
    state = _STATES.get(server.status, MachineState.UNKNOWN)
    labels: Mapping[str, str] = server.labels or {}
    public, private = addresses.split(_addresses(server))
    image = server.image
    return MachineReading(
        external_id=str(server.id),
        name=server.name,
        state=state,
        public_ips=public,
        private_ips=private,
        size=server.server_type.name,
        image=str(image.name or image.id) if image is not None else None,
        location=server.location.name if server.location is not None else None,
        tags=tuple(sorted(as_tag(key, value) for key, value in labels.items() if key != MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=server.created.astimezone(UTC) if server.created is not None else None,
        mark=labels.get(MARK),
        extra={"locked": bool(server.locked), "status": server.status},
    )


def as_label(tag: str) -> tuple[str, str]:
    """A tag as key and value of a label (`env=prod`; a plain tag has no value). InvalidInput when it cannot be one."""
    key, given, value = tag.partition("=")
    if not _KEY.fullmatch(key) or key == MARK or (bool(given) and not _VALUE.fullmatch(value)):
        message = (
            "Hetzner Cloud's tags are KEY or KEY=VALUE, each of up to 63 letters, digits, dots, dashes and underscores "
            f"that begin and end with a letter or digit; {tag[:80]!a} does not fit."
        )
        raise InvalidInput(message, field="tag")
    return key, value


def as_tag(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def own_image(image: Any) -> Image:
    """A snapshot or a backup. These have no name, and go by their number."""
    extra = {"type": image.type, "architecture": image.architecture, "disk_gb": image.disk_size}
    return Image(id=str(image.id), name=image.description or str(image.id), extra=extra)


def system_image(image: Any) -> Image:
    """One of the vendor, by its name."""
    extra = {"architectures": [image.architecture], "deprecated": image.deprecation is not None}
    return Image(id=image.name, name=image.description or image.name, extra=extra)


def merged(found: Iterable[Image]) -> list[Image]:
    """Each name once: it serves every architecture, and the size of a machine decides."""
    named: dict[str, Image] = {}
    for each in found:
        named.setdefault(each.id, each)
        if named[each.id] is not each:
            named[each.id].extra["architectures"] += each.extra["architectures"]
    return list(named.values())


def size(server_type: Any, pricing: Mapping[str, Any]) -> Size | None:
    """None when no new machine of it can be made anywhere.

    The price is the lowest among the locations, without VAT; `extra` has each, and what VAT makes of it.
    """
    if not _is_offered(server_type):
        return None
    prices = {each["location"]: each for each in server_type.prices or []}
    hourly = [float(each["price_hourly"]["net"]) for each in prices.values()]
    return Size(
        id=server_type.name,
        name=server_type.description or server_type.name,
        cores=server_type.cores,
        ram_mb=round(float(server_type.memory) * 1024),
        disk_gb=server_type.disk,
        price=min(hourly, default=None),
        currency=pricing["currency"],
        price_date=date.today().isoformat(),
        driver="hetzner",
        extra={
            "architecture": server_type.architecture,
            "cpu_type": server_type.cpu_type,
            "vat": "not included",
            "vat_rate_percent": float(pricing["vat_rate"]),
            "locations": {name: _price(each) for name, each in prices.items()},
        },
    )


def _is_offered(server_type: Any) -> bool:
    places = server_type.locations
    return not places or any(
        place.deprecation is None or _aware(place.deprecation.unavailable_after) > datetime.now(UTC) for place in places
    )


def location(found: Any) -> Location:
    return Location(id=found.name, name=found.description or found.city or found.name, country=found.country or "")


def network(found: Any) -> Network:
    subnets = tuple(
        {"id": each.ip_range, "name": each.ip_range, "cidr": each.ip_range, "location": each.network_zone}
        for each in found.subnets or []
    )
    return Network(id=str(found.id), name=found.name, subnets=subnets, extra={"cidr": found.ip_range})


def _addresses(server: Any) -> list[str]:
    """Of IPv6 a machine has a network, and by the vendor's images takes the first address of it."""
    found: list[str] = []
    public = server.public_net
    if public is not None and public.ipv4 is not None:
        found.append(public.ipv4.ip)
    if public is not None and public.ipv6 is not None:
        found.append(str(ip_network(public.ipv6.ip)[1]))
    return [*found, *(each.ip for each in server.private_net or [])]


def _price(each: Mapping[str, Any]) -> dict[str, float]:
    return {
        "hour_net": float(each["price_hourly"]["net"]),
        "hour_gross": float(each["price_hourly"]["gross"]),
        "month_net": float(each["price_monthly"]["net"]),
        "month_gross": float(each["price_monthly"]["gross"]),
    }


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
