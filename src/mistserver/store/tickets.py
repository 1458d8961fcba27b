"""One-use passes for a WebSocket: kept as a hash, bound to an account, a user, a token and a machine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, insert
from sqlalchemy.engine import Connection

from mistserver.store.tables import tickets


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass is good for. `purpose` is the request it was issued for."""

    account_id: str
    user_id: str
    token_id: str
    machine_id: str
    purpose: dict[str, Any]
    expires_at: datetime


def add(connection: Connection, hash: str, ticket: Ticket) -> None:
    connection.execute(insert(tickets).values(hash=hash, **msgspec.structs.asdict(ticket)))


def take(connection: Connection, hash: str, now: datetime) -> Ticket | None:
    """Spend a pass: the second call with the same hash, and one that comes too late, get nothing."""
    spent = delete(tickets).where(tickets.c.hash == hash).returning(tickets)
    row = connection.execute(spent).one_or_none()
    connection.execute(delete(tickets).where(tickets.c.expires_at <= now))
    if row is None or row.expires_at <= now:
        return None
    return Ticket(**{name: row._mapping[name] for name in Ticket.__struct_fields__})
