"""Facts about the database itself, by name."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.tables import meta
from mistserver.store.upsert import insert_into


def get(connection: Connection, name: str) -> bytes | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()


def put(connection: Connection, name: str, value: bytes) -> None:
    """Set it, whether or not it stands there already."""
    statement = insert_into(connection, meta).values(name=name, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def put_first(connection: Connection, name: str, value: bytes) -> bool:
    """Set it unless it stands there already; says whether it was set."""
    statement = insert_into(connection, meta).values(name=name, value=value).on_conflict_do_nothing()
    return connection.execute(statement.returning(meta.c.name)).first() is not None


def remove(connection: Connection, name: str) -> bool:
    """Says whether it stood there: of several removers exactly one hears True."""
    return connection.execute(sa.delete(meta).where(meta.c.name == name)).rowcount == 1
