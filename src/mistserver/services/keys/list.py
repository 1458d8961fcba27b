"""All keys of an account."""

from __future__ import annotations

from mistserver.domain.account import Actor, Scope
from mistserver.domain.key import Key
from mistserver.domain.page import Page, clean_limit
from mistserver.services.context import Context
from mistserver.store import keys


async def page(ctx: Context, actor: Actor, limit: int | None = None, cursor: str | None = None) -> Page[Key]:
    """Keys by name, without their private halves."""
    actor.require(Scope.READ)
    return await ctx.database.read(keys.page, actor.account_id, clean_limit(limit), cursor)
