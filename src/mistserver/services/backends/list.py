"""All backends of an account."""

from __future__ import annotations

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.domain.page import Page, clean_limit
from mistserver.services.context import Context
from mistserver.store import backends


async def page(ctx: Context, actor: Actor, limit: int | None = None, cursor: str | None = None) -> Page[Backend]:
    """Backends by name, with their state."""
    actor.require(Scope.READ)
    return await ctx.database.read(backends.page, actor.account_id, clean_limit(limit), cursor)
