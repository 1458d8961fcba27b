"""Channels as they are kept, and whether one works."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.alert import Channel
from mistserver.domain.errors import NotFound
from mistserver.domain.page import Page, clean_limit
from mistserver.services.alerts import deliver
from mistserver.services.context import Context
from mistserver.store import channels
from mistserver.store.channels import StoredChannel


async def get(ctx: Context, actor: Actor, channel_id: str) -> Channel:
    """One channel, without its URL."""
    actor.require(Scope.READ)
    return (await ctx.database.read(found, actor.account_id, channel_id)).channel


async def page(ctx: Context, actor: Actor, limit: int | None = None, cursor: str | None = None) -> Page[Channel]:
    """Channels by name."""
    actor.require(Scope.READ)
    return await ctx.database.read(channels.page, actor.account_id, clean_limit(limit), cursor)


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Channel]]:
    """The channel with this id or name; a name is meant exactly."""
    actor.require(Scope.READ)
    everything = await ctx.database.read(channels.all_of, actor.account_id)
    for level in ("id", "name"):
        picked = [channel for channel in everything if getattr(channel, level) == term]
        if picked:
            return level, picked
    return "none", []


async def test(ctx: Context, actor: Actor, channel_id: str) -> Channel:
    """Send a message now. ReceiverError with the reason when it is not taken."""
    actor.require(Scope.OPERATE)
    stored = await ctx.database.read(found, actor.account_id, channel_id)
    await deliver.send(ctx, stored, "[Mist] Test", f"This channel works; {actor.email} asked for this message.")
    return stored.channel


def found(connection: Connection, account_id: str, channel_id: str) -> StoredChannel:
    """The channel, or NotFound; one of another account is not found either."""
    stored = channels.get(connection, account_id, channel_id)
    if stored is None:
        raise NotFound(f"There is no channel with the id {channel_id[:64]!r}.", noun="channel", id=channel_id[:64])
    return stored
