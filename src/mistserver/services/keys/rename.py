"""Another name for a key."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.key import Key
from mistserver.domain.names import clean_name
from mistserver.services.context import Context
from mistserver.services.keys.add import require_free_name
from mistserver.services.keys.get import found
from mistserver.services.keys.used_by import follow_name
from mistserver.store import events, keys
from mistserver.store.locks import lock_account


class RenameKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


async def rename(ctx: Context, actor: Actor, key_id: str, request: RenameKey) -> Key:
    """Rename it; backends whose settings name it follow. AlreadyExists for a name that another key has."""
    actor.require(Scope.ADMIN)
    return await ctx.database.write(_rename, actor, key_id, clean_name(request.name, "key"), ctx.now())


def _rename(connection: Connection, actor: Actor, key_id: str, name: str, at: datetime) -> Key:
    lock_account(connection, actor.account_id)
    old = found(connection, actor.account_id, key_id).key
    if old.name == name:
        return old
    require_free_name(connection, actor.account_id, name, key_id)
    follow_name(connection, actor.account_id, old, name)
    keys.rename(connection, key_id, name)
    subject = ("key", key_id, name)
    events.record(connection, actor, "key.renamed", subject=subject, message=f"was {old.name}", at=at)
    return msgspec.structs.replace(old, name=name)
