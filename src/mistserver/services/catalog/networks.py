"""The networks of a backend that machines can be attached to."""

from __future__ import annotations

from mistserver.domain.account import Actor
from mistserver.domain.catalog import Network
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import FIRST, CatalogPage, Part, ask, part
from mistserver.services.context import Context


async def networks(ctx: Context, actor: Actor, backend_id: str, which: Part = FIRST) -> CatalogPage[Network]:
    """In the provider's order; NotSupported where it has no such thing."""
    stored = await get_stored(ctx, actor, backend_id)
    return part(
        ctx, await ask(ctx, stored, ("networks",), lambda provider: provider.list_networks(), which.anew), which
    )
