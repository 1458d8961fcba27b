"""Which machines are monitored, with what password they send, and which metrics users added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection, Row

from mistserver.domain.monitoring import Metric, Monitoring
from mistserver.store.tables import collectd_passwords, machines, metrics, monitoring, plugins
from mistserver.store.upsert import insert_into

_LISTS = ("collectd_has", "collectd_loads")
_SHOWN = [
    monitoring.c[name]
    for name in ("machine_id", "way", "enabled_at", "installed_at", "interval_s", "tunnel_port", *_LISTS)
]


def put(connection: Connection, account_id: str, record: Monitoring, secret_hash: str) -> None:
    """Enable, or give an enabled machine another password."""
    row = {
        "machine_id": record.machine_id,
        "account_id": account_id,
        "way": record.way,
        "secret_hash": secret_hash,
        "enabled_at": record.enabled_at,
        "installed_at": record.installed_at,
        "interval_s": record.interval_s,
        "tunnel_port": record.tunnel_port,
    }
    changed = {name: row[name] for name in ("way", "secret_hash", "installed_at", "interval_s", "tunnel_port")}
    statement = insert_into(connection, monitoring).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["machine_id"], set_=changed))


def get(connection: Connection, account_id: str, machine_id: str) -> Monitoring | None:
    here = (monitoring.c.machine_id == machine_id) & (monitoring.c.account_id == account_id)
    row = connection.execute(select(*_SHOWN).where(here)).one_or_none()
    return None if row is None else _record(row)


def is_installed(connection: Connection, machine_id: str, at: datetime) -> None:
    connection.execute(update(monitoring).where(monitoring.c.machine_id == machine_id).values(installed_at=at))


def choose_way(connection: Connection, machine_id: str, way: str, tunnel_port: int | None = None) -> None:
    """How an enabled machine sends, once that is known."""
    chosen = {"way": way, "tunnel_port": tunnel_port}
    connection.execute(update(monitoring).where(monitoring.c.machine_id == machine_id).values(chosen))


def held(connection: Connection) -> list[tuple[str, Monitoring]]:
    """Account and record of every machine that the service has to stay connected with."""
    wanted = (monitoring.c.way == "agentless") | monitoring.c.tunnel_port.is_not(None)
    rows = connection.execute(select(monitoring.c.account_id, *_SHOWN).where(wanted))
    return [(row.account_id, _record(row)) for row in rows]


def _record(row: Row[Any]) -> Monitoring:
    values = {column.name: row._mapping[column] for column in _SHOWN}
    return Monitoring(**{**values, **{name: tuple(values[name] or ()) for name in _LISTS}})


def collectd_has(connection: Connection, machine_id: str, plugins: Sequence[str]) -> None:
    """What the agent's collectd could load there."""
    here = monitoring.c.machine_id == machine_id
    connection.execute(update(monitoring).where(here).values(collectd_has=list(plugins)))


def collectd_loads(connection: Connection, machine_id: str, plugins: Sequence[str]) -> None:
    """What of it it loads at a user's wish."""
    here = monitoring.c.machine_id == machine_id
    connection.execute(update(monitoring).where(here).values(collectd_loads=list(plugins)))


def remove(connection: Connection, machine_id: str) -> bool:
    """Whether it was enabled. The metrics and Python files that were added go too."""
    connection.execute(delete(metrics).where(metrics.c.machine_id == machine_id))
    connection.execute(delete(plugins).where(plugins.c.machine_id == machine_id))
    connection.execute(delete(collectd_passwords).where(collectd_passwords.c.machine_id == machine_id))
    return connection.execute(delete(monitoring).where(monitoring.c.machine_id == machine_id)).rowcount > 0


def secret_hash(connection: Connection, machine_id: str) -> str | None:
    """What the machine's password has to hash to; None for one that is not monitored."""
    statement = select(monitoring.c.secret_hash).where(monitoring.c.machine_id == machine_id)
    return connection.execute(statement).scalar_one_or_none()


def monitored(connection: Connection, account_id: str) -> list[tuple[str, str]]:
    """Id and name of every monitored machine, by name."""
    statement = (
        select(machines.c.id, machines.c.name)
        .join(monitoring, monitoring.c.machine_id == machines.c.id)
        .where(monitoring.c.account_id == account_id)
        .order_by(machines.c.name, machines.c.id)
    )
    return [(row.id, row.name) for row in connection.execute(statement)]


def any_enabled(connection: Connection) -> bool:
    return connection.execute(select(monitoring.c.machine_id).limit(1)).first() is not None


def add_metric(connection: Connection, machine_id: str, metric: Metric, at: datetime) -> None:
    """Idempotent; name and unit are replaced."""
    row = {
        "machine_id": machine_id,
        "metric_id": metric.id,
        "name": metric.name,
        "unit": metric.unit,
        "added_at": at,
    }
    changed = {"name": metric.name, "unit": metric.unit}
    statement = insert_into(connection, metrics).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["machine_id", "metric_id"], set_=changed))


def remove_metric(connection: Connection, machine_id: str, metric_id: str) -> bool:
    here = (metrics.c.machine_id == machine_id) & (metrics.c.metric_id == metric_id)
    return connection.execute(delete(metrics).where(here)).rowcount > 0


def added_metrics(connection: Connection, machine_id: str) -> list[Metric]:
    """In the order in which they were added."""
    statement = select(metrics).where(metrics.c.machine_id == machine_id).order_by(metrics.c.added_at)
    rows = connection.execute(statement)
    return [Metric(id=row.metric_id, name=row.name, unit=row.unit, shown=True) for row in rows]
