"""Deleting a channel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict
from mistserver.services.channels.get import found
from mistserver.services.context import Context
from mistserver.store import channels, events, rules
from mistserver.store.locks import lock_account


async def delete(ctx: Context, actor: Actor, channel_id: str) -> None:
    """With what it was still to be told. Conflict when a rule names it: that rule would then tell every channel."""
    actor.require(Scope.ADMIN)
    await ctx.database.write(_delete, actor, channel_id, ctx.now())


def _delete(connection: Connection, actor: Actor, channel_id: str, at: datetime) -> None:
    lock_account(connection, actor.account_id)
    channel = found(connection, actor.account_id, channel_id).channel
    users = [rule.name for rule in rules.all_of(connection, actor.account_id) if channel_id in rule.channels]
    if users:
        raise Conflict(
            f"The channel {channel.name!r} is named by the rule {users[0]!r}; give that one another channel first.",
            noun="channel",
            id=channel_id,
            rules=users[:20],
        )
    channels.delete(connection, channel_id)
    subject = ("alert_channel", channel_id, channel.name)
    events.record(connection, actor, "alert_channel.deleted", subject=subject, message=channel.kind, at=at)
