"""Answers to creates, by the key that the caller sent with them: the same create sent again is answered, not done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict
from mistserver.store.tables import idempotency
from mistserver.store.upsert import insert_into


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A create that carries a key. `hash` tells two requests apart that carry the same one."""

    account_id: str
    key: str
    hash: str


def find(connection: Connection, request: Request) -> Any | None:
    """The answer that was kept, or None. The same key with another request is a Conflict."""
    query = sa.select(idempotency.c.request_hash, idempotency.c.answer)
    mine = idempotency.c.account_id == request.account_id, idempotency.c.key == request.key
    row = connection.execute(query.where(*mine)).one_or_none()
    if row is not None and row.request_hash != request.hash:
        message = f"The Idempotency-Key {request.key!r} was sent before with another request; take a new key."
        raise Conflict(message, key=request.key)
    return None if row is None else row.answer


def keep(connection: Connection, request: Request, answer: Any, at: datetime) -> None:
    """Keep the answer, in the transaction of the create.

    When another request with the same key came first, this one is a Conflict and its transaction is to be rolled
    back; `find` then has the first one's answer.
    """
    row = {"account_id": request.account_id, "key": request.key, "request_hash": request.hash}
    statement = insert_into(connection, idempotency).values(row | {"answer": answer, "created_at": at})
    if connection.execute(statement.on_conflict_do_nothing().returning(idempotency.c.key)).first() is None:
        message = f"A request with the Idempotency-Key {request.key!r} is under way; send it again."
        raise Conflict(message, key=request.key)


def trim(connection: Connection, before: datetime, limit: int) -> int:
    """Forget at most `limit` answers older than `before`; how many went."""
    old = sa.select(idempotency.c.account_id, idempotency.c.key).where(idempotency.c.created_at < before).limit(limit)
    gone = sa.tuple_(idempotency.c.account_id, idempotency.c.key).in_(old)
    return connection.execute(sa.delete(idempotency).where(gone)).rowcount
