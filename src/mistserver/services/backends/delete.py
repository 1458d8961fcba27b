"""Forgetting a backend; at the provider nothing changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.services.backends.get import found
from mistserver.services.context import Context
from mistserver.store import backends, events, inventory
from mistserver.store.host_keys import backend_owner, jump_owner
from mistserver.store.locks import lock_account


async def delete(ctx: Context, actor: Actor, backend_id: str) -> None:
    """Forget the backend, its machines, and their tags, key associations and host keys. Keys stay."""
    actor.require(Scope.ADMIN)
    await ctx.database.write(_delete, actor, backend_id, ctx.now())
    ctx.providers.forget(backend_id)
    for owner in (backend_owner(backend_id), jump_owner(backend_id)):
        await ctx.ssh.forget(owner)


def _delete(connection: Connection, actor: Actor, backend_id: str, at: datetime) -> None:
    lock_account(connection, actor.account_id)
    stored = found(connection, actor.account_id, backend_id)
    backends.delete(connection, backend_id)
    inventory.bump(connection, actor.account_id)
    subject = ("backend", backend_id, stored.name)
    events.record(connection, actor, "backend.deleted", subject=subject, message="deleted", at=at)
