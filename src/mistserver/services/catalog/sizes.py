"""The machine sizes of a backend, or of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Trouble
from mistserver.domain.catalog import Size
from mistserver.domain.errors import MistError, ProviderTimeout
from mistserver.domain.page import clean_limit
from mistserver.domain.sorting import Sort, clean_sort
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.providers.capabilities import listings
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import FIRST, Asked, CatalogPage, Part, age_s, ask, cut, part, whole
from mistserver.services.context import Context
from mistserver.store import backends
from mistserver.store.backends import StoredBackend

MOST = 10_000
FIELDS = ("price", "cores", "ram_mb", "disk_gb", "name", "id")
_ALSO = {"ram": "ram_mb", "disk": "disk_gb"}
_NOUN = ("sizes",)
SomeSize = TypeVar("SomeSize", bound=Size)


class OfferedSize(Size, frozen=True, kw_only=True):
    """A size with the backend that offers it."""

    backend_id: str
    backend_name: str
    provider: str


class Offering(msgspec.Struct, frozen=True, kw_only=True):
    """A backend whose sizes were asked for. Without `read_at` nothing is known of them, and `trouble` says why."""

    id: str
    name: str
    read_at: datetime | None
    age_s: float | None
    trouble: Trouble | None


class SizePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the sizes of all backends that list sizes, with how each of these fared."""

    items: list[OfferedSize]
    next_cursor: str | None
    backends: list[Offering]


async def sizes(
    ctx: Context, actor: Actor, backend_id: str, which: Part = FIRST, sort: str | None = None
) -> CatalogPage[Size]:
    """In the provider's order unless sorted; NotSupported where it has no such thing."""
    order = clean_sort(sort, FIELDS, _ALSO)
    stored = await get_stored(ctx, actor, backend_id)
    asked = await ask(ctx, stored, _NOUN, _list, which.anew)
    return part(ctx, Asked(_sorted(asked.items, order), asked.read_at, asked.trouble), which)


async def everywhere(ctx: Context, actor: Actor, which: Part = FIRST, sort: str | None = None) -> SizePage:
    """The sizes of every enabled backend that lists sizes, asked at the same time, by backend unless sorted.

    Each has `inventory_timeout_s`. One that fails, or has not answered by then, is named, and what it last answered is
    shown; when it answers later, that is kept.
    """
    actor.require(Scope.READ)
    order = clean_sort(sort, FIELDS, _ALSO)
    clean_limit(which.limit, MOST)
    known = await ctx.database.read(backends.all_of, actor.account_id)
    chosen = [stored for stored in known if stored.backend.enabled and _lists_sizes(stored)]
    answers = await asyncio.gather(*(_one(ctx, stored, which.anew) for stored in chosen))
    offered = [
        OfferedSize(
            **msgspec.structs.asdict(size),
            backend_id=stored.id,
            backend_name=stored.name,
            provider=stored.backend.provider,
        )
        for stored, (asked, _) in zip(chosen, answers, strict=True)
        for size in (asked.items if asked else [])
    ]
    page = cut(_sorted(offered, order), which.limit, which.cursor, MOST)
    fares = [_offering(ctx, stored, *answer) for stored, answer in zip(chosen, answers, strict=True)]
    return SizePage(items=page.items, next_cursor=page.next_cursor, backends=fares)


async def _one(ctx: Context, stored: StoredBackend, anew: bool) -> tuple[Asked[Size] | None, Trouble | None]:
    limit_s = ctx.settings.inventory_timeout_s
    error: MistError
    try:
        async with asyncio.timeout(limit_s):
            asked = await ask(ctx, stored, _NOUN, _list, anew)
        return asked, asked.trouble
    except TimeoutError:
        error = ProviderTimeout(f"The backend {stored.name!r} did not list its sizes within {limit_s:g} s.")
    except MistError as caught:
        error = caught
    kept = ctx.providers.answers.kept(whole(stored, _NOUN))
    trouble = Trouble(code=error.code, message=error.message, at=ctx.now())
    return None if kept is None else Asked(kept.value, kept.read_at, trouble), trouble


def _offering(ctx: Context, stored: StoredBackend, asked: Asked[Size] | None, trouble: Trouble | None) -> Offering:
    read_at = None if asked is None else asked.read_at
    age = None if read_at is None else age_s(ctx, read_at)
    return Offering(id=stored.id, name=stored.name, read_at=read_at, age_s=age, trouble=trouble)


def _lists_sizes(stored: StoredBackend) -> bool:
    try:
        return "sizes" in listings(registry.load(stored.backend.provider))
    except MistError:
        return False  # its library is not installed here; listings of machines say so


def _list(provider: Provider) -> list[Size]:
    return provider.list_sizes()


def _sorted(found: Sequence[SomeSize], order: Sort | None) -> list[SomeSize]:
    """By the field, what lacks it last; prices of different currencies are not compared but stand one after another."""
    if order is None:
        return list(found)
    having = [size for size in found if getattr(size, order.field) is not None]
    lacking = [size for size in found if getattr(size, order.field) is None]

    def key(size: SomeSize) -> Any:
        value = getattr(size, order.field)
        return value.casefold() if isinstance(value, str) else value

    having.sort(key=key, reverse=order.descending)
    if order.field == "price":
        having.sort(key=lambda size: size.currency or "")
    return [*having, *lacking]
