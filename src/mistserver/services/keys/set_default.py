"""The key that new machines get when none is named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.key import Key
from mistserver.services.context import Context
from mistserver.services.keys.get import found
from mistserver.store import events, keys
from mistserver.store.locks import lock_account


async def set_default(ctx: Context, actor: Actor, key_id: str) -> Key:
    """Make it the account's only default; idempotent."""
    actor.require(Scope.ADMIN)
    return await ctx.database.write(_set, actor, key_id, ctx.now())


def _set(connection: Connection, actor: Actor, key_id: str, at: datetime) -> Key:
    lock_account(connection, actor.account_id)
    key = found(connection, actor.account_id, key_id).key
    if key.is_default:
        return key
    keys.set_default(connection, actor.account_id, key_id)
    subject = ("key", key_id, key.name)
    events.record(connection, actor, "key.made_default", subject=subject, message="is the default now", at=at)
    return found(connection, actor.account_id, key_id).key
