"""The INSERT with ON CONFLICT of the database at hand: SQLite and PostgreSQL write it alike, SQLAlchemy twice."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert_into(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`.

    To learn whether it inserted, ask for a column with `returning`: PostgreSQL's driver counts no rows here.
    """
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
