"""How many of each there are, over all accounts: for the service's own metrics."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.alert import AlertState
from mistserver.store import tables


@dataclass(frozen=True)
class Counts:
    """Numbers by state. `monitored`: machines by the way in which their samples come.

    `messages`: what channels are still to be told. `channels`: those whose receiver takes messages, and the others.
    """

    jobs: dict[str, int]
    backends: dict[str, int]
    machines: dict[str, int]
    monitored: dict[str, int]
    alerts: dict[str, int]
    channels: dict[str, int]
    messages: int


def count(conn: Connection) -> Counts:
    jobs, backends, machines = tables.jobs.c, tables.backends.c, tables.machines.c
    bad = sa.case((backends.trouble.is_(None), "online"), else_="error")
    backend_state = sa.case((backends.enabled.is_(False), "offline"), else_=bad)
    channel_state = sa.case((tables.channels.c.failing_since.is_(None), "online"), else_="error")
    alert_states = dict.fromkeys((state.value for state in AlertState), 0)
    return Counts(
        jobs=_by(conn, jobs.state),
        backends=_by(conn, backend_state),
        machines=_by(conn, machines.state),
        monitored=_by(conn, tables.monitoring.c.way),
        alerts=alert_states | _by(conn, tables.alerts.c.state),
        channels=_by(conn, channel_state),
        messages=int(conn.execute(sa.select(sa.func.count()).select_from(tables.messages)).scalar_one()),
    )


def ping(conn: Connection) -> None:
    """Raises when the database does not answer. Asked while the service starts: it needs nothing that loads later."""
    conn.exec_driver_sql("SELECT 1")


def _by(conn: Connection, state: sa.ColumnElement[str]) -> dict[str, int]:
    rows = conn.execute(sa.select(state, sa.func.count()).group_by(state))
    return {str(name): int(number) for name, number in rows}
