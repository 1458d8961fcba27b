"""Putting images into a backend's default listing, and taking them out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import InvalidInput
from mistserver.services.backends.get import found
from mistserver.services.catalog.asking import require_listed
from mistserver.services.context import Context
from mistserver.store import events
from mistserver.store import stars as rows

_LONGEST_ID = 512  # PostgreSQL indexes no longer ones


async def star(ctx: Context, actor: Actor, backend_id: str, image_id: str) -> None:
    """Put an image into the default listing; idempotent."""
    await _say(ctx, actor, backend_id, image_id, True)


async def unstar(ctx: Context, actor: Actor, backend_id: str, image_id: str) -> None:
    """Take an image out of the default listing; idempotent."""
    await _say(ctx, actor, backend_id, image_id, False)


async def _say(ctx: Context, actor: Actor, backend_id: str, image_id: str, starred: bool) -> None:
    actor.require(Scope.OPERATE)
    if not 0 < len(image_id) <= _LONGEST_ID or not image_id.isprintable():
        raise InvalidInput("That is not the id of an image.", field="image_id")
    await ctx.database.write(_keep, actor, (backend_id, image_id, starred), ctx.now())


def _keep(connection: Connection, actor: Actor, said: tuple[str, str, bool], at: datetime) -> None:
    backend_id, image_id, starred = said
    stored = found(connection, actor.account_id, backend_id)
    require_listed(stored, "images")
    rows.put(connection, backend_id, image_id, starred)
    kind, word = ("image.starred", "starred") if starred else ("image.unstarred", "unstarred")
    events.record(
        connection, actor, kind, subject=("image", image_id, image_id), message=f"{word} at {stored.name}", at=at
    )
