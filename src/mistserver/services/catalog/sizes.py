"""The machine sizes of a backend."""

from __future__ import annotations

from mistserver.domain.account import Actor
from mistserver.domain.catalog import Size
from mistserver.domain.page import Page
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import ask, part
from mistserver.services.context import Context


async def sizes(
    ctx: Context, actor: Actor, backend_id: str, limit: int | None = None, cursor: str | None = None
) -> Page[Size]:
    """In the provider's order; NotSupported where it has no such thing."""
    return part(await all_sizes(ctx, actor, backend_id), limit, cursor)


async def all_sizes(ctx: Context, actor: Actor, backend_id: str) -> list[Size]:
    """Every one of them."""
    stored = await get_stored(ctx, actor, backend_id)
    return await ask(ctx, stored, ("sizes",), lambda provider: provider.list_sizes())
