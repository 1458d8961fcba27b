"""The private half of a key, for an admin: the only answer of Mist that holds one of its secrets."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.services.context import Context
from mistserver.services.keys.get import found
from mistserver.store import events
from mistserver.store.keys import StoredKey


class PrivateKey(msgspec.Struct, frozen=True, kw_only=True):
    """A PEM without passphrase."""

    private: str

    def __repr__(self) -> str:
        return "PrivateKey(...)"


async def export(ctx: Context, actor: Actor, key_id: str) -> PrivateKey:
    """The private half; that it was taken is an event, written before it is answered."""
    actor.require(Scope.ADMIN)
    stored = await ctx.database.write(_note, actor, key_id, ctx.now())
    return PrivateKey(private=ctx.vault.unseal(stored.secret, f"key:{stored.id}").decode())


def _note(connection: Connection, actor: Actor, key_id: str, at: datetime) -> StoredKey:
    stored = found(connection, actor.account_id, key_id)
    subject = ("key", key_id, stored.key.name)
    message = "private half taken"
    events.record(connection, actor, "key.exported", subject=subject, message=message, at=at)
    return stored
