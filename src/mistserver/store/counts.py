"""How many of each there are, over all accounts: for the service's own metrics."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store import tables


@dataclass(frozen=True)
class Counts:
    """Numbers by state."""

    jobs: dict[str, int]
    backends: dict[str, int]
    machines: dict[str, int]


def count(conn: Connection) -> Counts:
    jobs, backends, machines = tables.jobs.c, tables.backends.c, tables.machines.c
    bad = sa.case((backends.trouble.is_(None), "online"), else_="error")
    backend_state = sa.case((backends.enabled.is_(False), "offline"), else_=bad)
    return Counts(_by(conn, jobs.state), _by(conn, backend_state), _by(conn, machines.state))


def ping(conn: Connection) -> None:
    """Raises when the database does not answer. Asked while the service starts: it needs nothing that loads later."""
    conn.exec_driver_sql("SELECT 1")


def _by(conn: Connection, state: sa.ColumnElement[str]) -> dict[str, int]:
    rows = conn.execute(sa.select(state, sa.func.count()).group_by(state))
    return {str(name): int(number) for name, number in rows}
