"""Which images a user put into, or took out of, a backend's default listing."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.tables import stars
from mistserver.store.upsert import insert_into


def put(connection: Connection, backend_id: str, image_id: str, starred: bool) -> None:
    """Idempotent; the last word counts."""
    row = {"backend_id": backend_id, "image_id": image_id, "starred": starred}
    statement = insert_into(connection, stars).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["backend_id", "image_id"], set_={"starred": starred})
    )


def of_backend(connection: Connection, backend_id: str) -> dict[str, bool]:
    """The user's words by image; other images are as their provider has them."""
    rows = connection.execute(sa.select(stars.c.image_id, stars.c.starred).where(stars.c.backend_id == backend_id))
    return {row.image_id: row.starred for row in rows}
