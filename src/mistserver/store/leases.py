"""Leases: of several services one at a time does a loop. The heartbeat prolongs them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_
from sqlalchemy.engine import Connection

from mistserver.store.services import clock
from mistserver.store.tables import leases
from mistserver.store.upsert import insert_into


def take(connection: Connection, name: str, holder: str, length: timedelta) -> bool:
    """Get or keep the lease `name`; False while another service holds it."""
    now = clock(connection)
    statement = insert_into(connection, leases).values(name=name, holder=holder, expires_at=now + length)
    free = or_(leases.c.holder == holder, leases.c.expires_at < now)
    fresh = {"holder": statement.excluded.holder, "expires_at": statement.excluded.expires_at}
    taken = statement.on_conflict_do_update(index_elements=[leases.c.name], set_=fresh, where=free)
    return connection.execute(taken.returning(leases.c.name)).first() is not None
