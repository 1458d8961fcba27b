"""A provider's declaration as one record: what the service's list of providers shows, and what the client carries."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace

from mistserver.domain.errors import ProviderNotAvailable
from mistserver.providers import registry
from mistserver.providers.capabilities import capabilities
from mistserver.providers.declare import Declared, declared


class RegionDescription(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """`supported_as` maps shorthands for provider and region (`rackspace:dfw`) to the region.

    `unavailable_because` says what to do when `available` is false. `state` is the vendor's: `live`, `retired` when it
    has switched its API off (`retired_since`), `unknown` when nobody can say. `capabilities` are what it can do;
    `package` is the other package that brings it.
    """

    id: str
    title: str
    regions: list[RegionDescription] = []
    region_required: bool = False
    region_flag: str | None = None
    free_region: bool = False
    available: bool
    unavailable_because: str | None
    state: Literal["live", "retired", "unknown"]
    retired_since: str | None = None
    package: str | None = None
    label_is_region: bool = False
    over_http: bool = False
    manages_host: bool = False
    creates: bool = False
    native_tags: bool = False
    has_exec: bool = False
    needs_size: bool = True
    needs_key: bool = True
    actions: list[str] = []
    capabilities: list[str] = []
    settings: list[Declared] = []
    supported_as: dict[str, str] = {}


def describe(id: str, *, everywhere: bool = False) -> Description:
    """One provider. `everywhere` leaves out what depends on this machine (whether its library is installed)."""
    row = registry.row(id)
    why = None if everywhere else registry.missing(id)
    try:
        found = registry.declaration(id)
    except ProviderNotAvailable:
        return Description(
            id=id, title=id, available=False, unavailable_because=why, state="unknown", package=row.package
        )
    plain = Description(
        id=id,
        title=found.title,
        regions=[RegionDescription(id=region.id, title=region.title) for region in found.regions],
        region_required=found.region_required,
        region_flag=found.region_flag,
        free_region=found.free_region,
        state="retired" if found.retired_since else found.liveness,
        retired_since=found.retired_since,
        package=row.package,
        available=why is None,
        unavailable_because=why,
        supported_as=registry.shorthands(id),
    )
    return replace(
        plain,
        label_is_region=found.label_is_region,
        over_http=found.over_http,
        manages_host=found.manages_host,
        creates=found.creates,
        native_tags=found.native_tags,
        has_exec=found.has_exec,
        needs_size=found.needs_size,
        needs_key=found.needs_key,
        actions=sorted(found.actions),
        capabilities=capabilities(found),
        settings=declared(found.Settings),
    )


def describe_all(*, everywhere: bool = False) -> list[Description]:
    """Every listed provider, in order; `everywhere` also leaves out those of other packages."""
    listed = registry.own_rows() if everywhere else registry.rows()
    return [describe(row.id, everywhere=everywhere) for row in listed]
