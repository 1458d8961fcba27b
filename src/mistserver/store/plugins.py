"""Python files that make metrics on machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.engine import Connection, Row

from mistserver.domain.ids import new_id
from mistserver.domain.monitoring import Plugin
from mistserver.store.tables import monitoring, plugins
from mistserver.store.upsert import insert_into


@dataclass(frozen=True)
class StoredPlugin:
    """`secret` is the file, sealed for `plugin:<machine>:<plugin>`."""

    plugin: Plugin
    account_id: str
    secret: bytes


@dataclass(frozen=True)
class Kept:
    """A file that is run, on a machine that is monitored in this `way`."""

    stored: StoredPlugin
    way: str
    interval_s: int


def put(connection: Connection, stored: StoredPlugin) -> None:
    """Add it, or put it in the place of the one with its id."""
    plugin = stored.plugin
    row = {
        "id": new_id(),
        "account_id": stored.account_id,
        "machine_id": plugin.machine_id,
        "plugin_id": plugin.id,
        "name": plugin.name,
        "unit": plugin.unit,
        "value_type": plugin.value_type,
        "secret": stored.secret,
        "changed_at": plugin.changed_at,
        "trouble": plugin.trouble,
    }
    changed = {name: row[name] for name in ("name", "unit", "value_type", "secret", "changed_at", "trouble")}
    statement = insert_into(connection, plugins).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["machine_id", "plugin_id"], set_=changed))


def get(connection: Connection, machine_id: str, plugin_id: str) -> StoredPlugin | None:
    row = connection.execute(select(plugins).where(_one(machine_id, plugin_id))).one_or_none()
    return None if row is None else _stored(row)


def of_machine(connection: Connection, machine_id: str) -> list[StoredPlugin]:
    """By id, those in trouble too."""
    rows = connection.execute(select(plugins).where(plugins.c.machine_id == machine_id).order_by(plugins.c.plugin_id))
    return [_stored(row) for row in rows]


def run_ones(connection: Connection) -> list[Kept]:
    """Of every account, without those in trouble."""
    statement = (
        select(plugins, monitoring.c.way, monitoring.c.interval_s)
        .join(monitoring, monitoring.c.machine_id == plugins.c.machine_id)
        .where(plugins.c.trouble.is_(None))
    )
    return [Kept(_stored(row), row.way, row.interval_s) for row in connection.execute(statement)]


def fail(connection: Connection, plugin: Plugin, trouble: str) -> bool:
    """Whether it was this one that was run until now, and not one that came in its place."""
    same = (plugins.c.changed_at == plugin.changed_at) & plugins.c.trouble.is_(None)
    statement = update(plugins).where(_one(plugin.machine_id, plugin.id), same).values(trouble=trouble)
    return connection.execute(statement).rowcount > 0


def remove(connection: Connection, machine_id: str, plugin_id: str) -> bool:
    return connection.execute(delete(plugins).where(_one(machine_id, plugin_id))).rowcount > 0


def _one(machine_id: str, plugin_id: str) -> ColumnElement[bool]:
    return (plugins.c.machine_id == machine_id) & (plugins.c.plugin_id == plugin_id)


def _stored(row: Row[tuple[object, ...]]) -> StoredPlugin:
    at: datetime = row.changed_at
    plugin = Plugin(
        id=row.plugin_id,
        machine_id=row.machine_id,
        name=row.name,
        metric_id=f"mist.python.{row.plugin_id}",
        unit=row.unit,
        value_type=row.value_type,
        changed_at=at,
        trouble=row.trouble,
    )
    return StoredPlugin(plugin, row.account_id, row.secret)
