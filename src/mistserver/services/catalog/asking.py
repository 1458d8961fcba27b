"""How every catalog listing is answered: asked live, kept for a minute, and cut into pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from mistserver.domain.errors import InvalidInput, ProviderBadAnswer
from mistserver.domain.foreign import storable
from mistserver.domain.page import Page, clean_limit, decode_cursor, encode_cursor
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.store.backends import StoredBackend

T = TypeVar("T")

ASKED_FOR_S = 60.0
_UNREADABLE = (TypeError, ValueError, AttributeError, msgspec.MsgspecError)


async def ask(
    ctx: Context, stored: StoredBackend, question: tuple[str, ...], work: Callable[[Provider], list[T]]
) -> list[T]:
    """What the provider answers to `question`, or answered within the last minute; NotSupported where it cannot."""

    async def live() -> list[T]:
        found: Any = await ctx.providers.call(ctx, stored, work, ASKED_FOR_S)
        if not isinstance(found, list):
            raise ProviderBadAnswer(f"The backend {stored.name!r} did not answer with a list.", backend_id=stored.id)
        try:
            return [_readable(item) for item in found]
        except (*_UNREADABLE, RecursionError):
            message = f"The backend {stored.name!r} described something in a way that cannot be understood."
            raise ProviderBadAnswer(message, backend_id=stored.id) from None

    answer: list[T] = await ctx.providers.answers.get((stored.id, stored.access, *question), live)
    return answer


def _readable(item: T) -> T:
    """The item such that JSON can hold it; structs do not check what is put into their fields."""
    kind = type(item)
    try:
        msgspec.json.decode(msgspec.json.encode(item), type=kind)
    except _UNREADABLE:
        return msgspec.convert(storable(msgspec.structs.asdict(item)), kind)  # type: ignore[arg-type]  # else TypeError
    return item


def part(items: list[T], limit: int | None, cursor: str | None) -> Page[T]:
    """A page of a list that stays the same for a while."""
    size = clean_limit(limit)
    start = 0 if cursor is None else decode_cursor(cursor, tuple[int])[0]
    if start < 0:
        raise InvalidInput("The cursor is not one that a listing answered with; leave it out.", field="cursor")
    end = start + size
    return Page(items=items[start:end], next_cursor=encode_cursor(end) if end < len(items) else None)
