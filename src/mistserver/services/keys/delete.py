"""Forgetting a key; machines keep its public half."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict
from mistserver.services.context import Context
from mistserver.services.keys.get import found
from mistserver.services.keys.used_by import used_by
from mistserver.store import events, keys
from mistserver.store.locks import lock_account


async def delete(ctx: Context, actor: Actor, key_id: str) -> None:
    """Forget the key and its associations; if it was the default, the oldest one left becomes it.

    Conflict, naming the backend, when one is reached with it.
    """
    actor.require(Scope.ADMIN)
    await ctx.database.write(_delete, actor, key_id, ctx.now())


def _delete(connection: Connection, actor: Actor, key_id: str, at: datetime) -> None:
    lock_account(connection, actor.account_id)
    key = found(connection, actor.account_id, key_id).key
    users = [stored.name for stored in used_by(connection, actor.account_id, key)]
    if users:
        raise Conflict(
            f"The key {key.name!r} is needed by the backend {users[0]!r}; give that one another key first.",
            noun="key",
            id=key_id,
            backends=users,
        )
    keys.delete(connection, actor.account_id, key_id)
    subject = ("key", key_id, key.name)
    events.record(connection, actor, "key.deleted", subject=subject, message="deleted", at=at)
