"""Passwords of machines whose own collectd sends packets. They are sealed: a hash of one could check nothing."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from mistserver.store.tables import collectd_passwords as table
from mistserver.store.upsert import insert_into


def put(connection: Connection, account_id: str, machine_id: str, secret: bytes) -> None:
    """Give a machine a password, or another one."""
    statement = insert_into(connection, table).values(machine_id=machine_id, account_id=account_id, secret=secret)
    connection.execute(statement.on_conflict_do_update(index_elements=["machine_id"], set_={"secret": secret}))


def get(connection: Connection, machine_id: str) -> bytes | None:
    return connection.execute(select(table.c.secret).where(table.c.machine_id == machine_id)).scalar_one_or_none()


def remove(connection: Connection, machine_id: str) -> None:
    connection.execute(delete(table).where(table.c.machine_id == machine_id))
