"""A create that is sent twice with the same key is done once: the id it made is kept in its own transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor
from mistserver.services.context import Context
from mistserver.store import idempotency


async def find(ctx: Context, actor: Actor) -> str | None:
    """The id that an earlier sending of this request made; Conflict when the key came with another request."""
    answer = await ctx.database.read(idempotency.find, _request(actor))
    return None if answer is None else str(answer["id"])


def keep(conn: Connection, actor: Actor, made: str, at: datetime) -> None:
    """Remember what was made, if the request carries a key; Conflict when another sending was faster."""
    if actor.idempotency_key:
        idempotency.keep(conn, _request(actor), {"id": made}, at)


def _request(actor: Actor) -> idempotency.Request:
    return idempotency.Request(account_id=actor.account_id, key=actor.idempotency_key, hash=actor.request_hash)
