"""What a provider offers to build machines from. Ids are the provider's, always strings."""

from __future__ import annotations

from typing import Any

import msgspec


class Image(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    star: bool = False
    extra: dict[str, Any] = {}


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """`price` is what one hour costs in `currency` on `price_date` (ISO), where known."""

    id: str
    name: str
    cores: float | None = None
    ram_mb: int | None = None
    disk_gb: int | None = None
    bandwidth_gb: int | None = None
    price: float | None = None
    currency: str | None = None
    price_date: str | None = None
    driver: str = ""
    extra: dict[str, Any] = {}


class Location(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    country: str = ""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str = ""
    subnets: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = {}
