"""One key."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.key import Key
from mistserver.services.context import Context
from mistserver.store import keys
from mistserver.store.keys import StoredKey


async def get(ctx: Context, actor: Actor, key_id: str) -> Key:
    """One key, without its private half."""
    actor.require(Scope.READ)
    return (await ctx.database.read(found, actor.account_id, key_id)).key


def found(connection: Connection, account_id: str, key_id: str) -> StoredKey:
    """The key, or NotFound; one of another account is not found either."""
    stored = keys.get(connection, account_id, key_id)
    if stored is None:
        raise NotFound(f"There is no key with the id {key_id[:64]!r}.", noun="key", id=key_id)
    return stored
