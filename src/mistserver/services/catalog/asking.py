"""How every catalog listing is answered: asked live, kept with its age, and cut into pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import InvalidInput, NotSupported, ProviderBadAnswer
from mistserver.domain.foreign import storable
from mistserver.domain.page import Page, clean_limit, decode_cursor, encode_cursor
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.providers.capabilities import listings
from mistserver.services.answers import Live, Question
from mistserver.services.context import Context
from mistserver.store.backends import StoredBackend

T = TypeVar("T")

_UNREADABLE = (TypeError, ValueError, AttributeError, msgspec.MsgspecError)


class Asked(msgspec.Struct, Generic[T], frozen=True):
    """Everything that the provider said at `read_at`, and what kept it from saying it again."""

    items: list[T]
    read_at: datetime
    trouble: Trouble | None = None


class CatalogPage(Page[T], Generic[T], frozen=True, kw_only=True):
    """A part of what a backend offers, and when it was read; `trouble` says why it was not read anew."""

    items: list[T]  # again, since the description of the API does not see what a base class leaves open
    read_at: datetime
    age_s: float
    trouble: Trouble | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a listing; `refresh` has the provider asked even when what is kept is fresh."""

    limit: int | None = None
    cursor: str | None = None
    refresh: bool = False

    @property
    def anew(self) -> bool:
        """The pages that follow show the same reading as the first."""
        return self.refresh and self.cursor is None


FIRST = Part()


async def ask(
    ctx: Context,
    stored: StoredBackend,
    question: tuple[str, ...],
    work: Callable[[Provider], list[T]],
    refresh: bool = False,
) -> Asked[T]:
    """What the provider answers to `question`, which begins with a noun, or answered lately.

    NotSupported, without asking, where it has no such listing.
    """
    require_listed(stored, question[0])

    async def live() -> Live:
        found, size = await ctx.providers.call(ctx, stored, partial(_readable, work), ctx.settings.catalog_timeout_s)
        return Live(found, ctx.now(), size)

    answer = await ctx.providers.answers.get(whole(stored, question), live, ctx.now(), refresh)
    return Asked(answer.value, answer.read_at, answer.trouble)


def whole(stored: StoredBackend, question: tuple[str, ...]) -> Question:
    """The question as it is kept: other credentials make another one."""
    return stored.id, stored.access, *question


def require_listed(stored: StoredBackend, noun: str) -> None:
    """NotSupported unless the provider's class brings this listing."""
    provider = registry.load(stored.backend.provider)
    if noun not in listings(provider):
        raise NotSupported(f"{provider.title} cannot list {noun}.", provider=provider.id, action=f"list {noun}")


def part(ctx: Context, asked: Asked[T], which: Part) -> CatalogPage[T]:
    """A page of a list that stays the same for a while."""
    page = cut(asked.items, which.limit, which.cursor)
    return CatalogPage(
        items=page.items,
        next_cursor=page.next_cursor,
        read_at=asked.read_at,
        age_s=age_s(ctx, asked.read_at),
        trouble=asked.trouble,
    )


def age_s(ctx: Context, read_at: datetime) -> float:
    return round(max(0.0, (ctx.now() - read_at).total_seconds()), 1)


def cut(items: list[T], limit: int | None, cursor: str | None, most: int = 1000) -> Page[T]:
    """A page by its place in the list."""
    size = clean_limit(limit, most)
    start = 0 if cursor is None else decode_cursor(cursor, tuple[int])[0]
    if start < 0:
        raise InvalidInput("The cursor is not one that a listing answered with; leave it out.", field="cursor")
    end = start + size
    return Page(items=items[start:end], next_cursor=encode_cursor(end) if end < len(items) else None)


def _readable(work: Callable[[Provider], list[T]], provider: Provider) -> tuple[list[T], int]:
    """What JSON can hold of the answer, and its size; structs do not check what is put into their fields."""
    found: Any = work(provider)
    if not isinstance(found, list):
        raise ProviderBadAnswer(f"{provider.title} did not answer with a list.", provider=provider.id)
    items, size = [], 0
    try:
        for item in found:
            clean, encoded = _clean(item)
            items.append(clean)
            size += encoded
    except (*_UNREADABLE, RecursionError):
        message = f"{provider.title} described something in a way that cannot be understood."
        raise ProviderBadAnswer(message, provider=provider.id) from None
    return items, size


def _clean(item: T) -> tuple[T, int]:
    kind = type(item)
    try:
        encoded = msgspec.json.encode(item)
        msgspec.json.decode(encoded, type=kind)
    except _UNREADABLE:
        item = msgspec.convert(storable(msgspec.structs.asdict(item)), kind)  # type: ignore[arg-type]  # else TypeError
        encoded = msgspec.json.encode(item)
    return item, len(encoded)
