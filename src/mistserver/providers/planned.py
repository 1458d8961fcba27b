"""The providers that are listed but not built yet: what they will be called and asked for, and nothing that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mistserver.providers.base import Region
from mistserver.providers.declare import Declared, Liveness


@dataclass(frozen=True)
class Planned:
    """The declaration of one provider, in the words of the built ones."""

    id: str
    title: str
    settings: tuple[Declared, ...]
    regions: tuple[Region, ...] = ()
    region_required: bool = False
    region_flag: str | None = None
    free_region: bool = False
    retired_since: str | None = None
    liveness: Liveness = "live"


def _text(name: str, flag: str, help: str, **more: Any) -> Declared:
    values = {"kind": "text", "secret": False, "required": True, **more}
    return Declared(name=name, flag=flag, help=help, **values)


def _secret(name: str, flag: str, help: str, **more: Any) -> Declared:
    return _text(name, flag, help, secret=True, **more)


def _regions(*pairs: tuple[str, str]) -> tuple[Region, ...]:
    return tuple(Region(id, title) for id, title in pairs)


PLANNED = (
    Planned(
        id="rackspace",
        title="Rackspace",
        region_required=True,
        region_flag="rackspace-region",
        regions=_regions(
            ("dfw", "Dallas"),
            ("ord", "Chicago"),
            ("iad", "N. Virginia"),
            ("lon", "London"),
            ("syd", "Sydney"),
            ("hkg", "Hong Kong"),
            ("rackspace_first_gen:us", "US-First Gen"),
            ("rackspace_first_gen:uk", "UK-First Gen"),
        ),
        settings=(
            _text("username", "rackspace-username", "User name"),
            _secret("api_key", "rackspace-api-key", "API key"),
        ),
    ),
    Planned(
        id="hpcloud",
        title="HP Helion Cloud",
        retired_since="2016",
        region_required=True,
        region_flag="hp-region",
        regions=_regions(("region-a.geo-1", "US West"), ("region-b.geo-1", "US East")),
        settings=(
            _text("username", "hp-username", "User name"),
            _secret("password", "hp-password", "Password"),
            _text("tenant_name", "hp-tenant", "Name of the tenant"),
        ),
    ),
)
