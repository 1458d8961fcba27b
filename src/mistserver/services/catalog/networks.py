"""The networks of a backend that machines can be attached to."""

from __future__ import annotations

from mistserver.domain.account import Actor
from mistserver.domain.catalog import Network
from mistserver.domain.page import Page
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import ask, part
from mistserver.services.context import Context


async def networks(
    ctx: Context, actor: Actor, backend_id: str, limit: int | None = None, cursor: str | None = None
) -> Page[Network]:
    """In the provider's order; NotSupported where it has no such thing."""
    return part(await all_networks(ctx, actor, backend_id), limit, cursor)


async def all_networks(ctx: Context, actor: Actor, backend_id: str) -> list[Network]:
    """Every one of them."""
    stored = await get_stored(ctx, actor, backend_id)
    return await ask(ctx, stored, ("networks",), lambda provider: provider.list_networks())
