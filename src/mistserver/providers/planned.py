"""The providers that are listed but not built yet: what they will be called and asked for, and nothing that runs."""

from __future__ import annotations

from dataclasses import dataclass

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


PLANNED: tuple[Planned, ...] = ()
