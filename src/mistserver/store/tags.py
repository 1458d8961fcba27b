"""Tags kept by Mist; those that a provider keeps stand with the machine (`native_tags`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection

from mistserver.store.tables import tags
from mistserver.store.upsert import insert_into


def add(connection: Connection, machine_id: str, words: Iterable[str]) -> None:
    """Idempotent."""
    for word in words:
        row = {"machine_id": machine_id, "tag": word}
        connection.execute(insert_into(connection, tags).values(row).on_conflict_do_nothing())


def remove(connection: Connection, machine_id: str, word: str) -> bool:
    """Whether the machine had it."""
    here = (tags.c.machine_id == machine_id) & (tags.c.tag == word)
    return connection.execute(delete(tags).where(here)).rowcount > 0


def of_machine(connection: Connection, machine_id: str) -> list[str]:
    rows = connection.execute(select(tags.c.tag).where(tags.c.machine_id == machine_id).order_by(tags.c.tag))
    return list(rows.scalars())
