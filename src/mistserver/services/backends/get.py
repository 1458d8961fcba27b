"""One backend."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.domain.errors import NotFound
from mistserver.services.context import Context
from mistserver.store import backends
from mistserver.store.backends import StoredBackend


async def get(ctx: Context, actor: Actor, backend_id: str) -> Backend:
    """One backend, without its secrets."""
    return (await get_stored(ctx, actor, backend_id)).backend


async def get_stored(ctx: Context, actor: Actor, backend_id: str) -> StoredBackend:
    """One backend, for talking to its provider."""
    actor.require(Scope.READ)
    return await ctx.database.read(found, actor.account_id, backend_id)


def found(connection: Connection, account_id: str, backend_id: str) -> StoredBackend:
    """The backend, or NotFound; one of another account is not found either."""
    stored = backends.get(connection, account_id, backend_id)
    if stored is None:
        raise NotFound(f"There is no backend with the id {backend_id[:64]!r}.", noun="backend", id=backend_id)
    return stored
