"""Incidents. At most one of a rule and a machine is open, that is pending or firing, at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.alert import Alert, AlertState
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.tables import alerts
from mistserver.store.types import Utc

_SHOWN = [alerts.c[name] for name in Alert.__struct_fields__]
_OPEN = (AlertState.PENDING, AlertState.FIRING)


class StoredAlert(msgspec.Struct, frozen=True, kw_only=True):
    """`act`: the rule's action is still to be done."""

    account_id: str
    alert: Alert
    act: bool = False


class AlertQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Without a state those that are open."""

    state: AlertState | None = None
    everything: bool = False
    rule_id: str | None = None
    machine_id: str | None = None
    limit: int = 100
    cursor: str | None = None


def insert_all(connection: Connection, new: Sequence[StoredAlert]) -> None:
    if new:
        connection.execute(sa.insert(alerts), [_row(stored) for stored in new])


def update_all(connection: Connection, changed: Sequence[StoredAlert]) -> None:
    """But not what comes of their actions, which go on meanwhile; a trouble is kept where there is no newer one."""
    if not changed:
        return
    names = ("state", "value", "fired_at", "resolved_at", "told", "channels", "trouble")
    statement = sa.update(alerts).where(alerts.c.id == sa.bindparam("its_id"))
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=alerts.c[name].type) for name in names}
    values["trouble"] = sa.func.coalesce(values["trouble"], alerts.c.trouble)
    rows = []
    for stored in changed:
        row = _row(stored)
        rows.append({"its_id": row["id"], **{f"new_{name}": row[name] for name in names}})
    connection.execute(statement.values(values), rows)


def delete_all(connection: Connection, ids: Sequence[str]) -> None:
    if ids:
        statement = sa.delete(alerts).where(alerts.c.id == sa.bindparam("its_id"))
        connection.execute(statement, [{"its_id": id} for id in ids])


def open_ones(connection: Connection) -> list[StoredAlert]:
    """Of every account."""
    return _stored(connection, alerts.c.state.in_(_OPEN))


def to_act(connection: Connection, limit: int) -> list[StoredAlert]:
    """Those whose rule's action is still to be done, the oldest first."""
    return _stored(connection, alerts.c.act, limit)


def due(connection: Connection, ids: Sequence[str]) -> None:
    """The actions of these are to be done."""
    if ids:
        statement = sa.update(alerts).where(alerts.c.id == sa.bindparam("its_id")).values(act=True)
        connection.execute(statement, [{"its_id": id} for id in ids])


def acted(connection: Connection, alert_id: str, job_id: str | None, trouble: str | None) -> bool:
    """False when that had been noted before."""
    values = {"act": False, "job_id": job_id, "trouble": trouble}
    here = (alerts.c.id == alert_id) & alerts.c.act
    return connection.execute(sa.update(alerts).where(here).values(values)).rowcount > 0


def get(connection: Connection, account_id: str, alert_id: str) -> Alert | None:
    found = _stored(connection, (alerts.c.account_id == account_id) & (alerts.c.id == alert_id))
    return found[0].alert if found else None


def page(connection: Connection, account_id: str, wanted: AlertQuery) -> Page[Alert]:
    """The newest first."""
    query = sa.select(*_SHOWN).where(alerts.c.account_id == account_id)
    if wanted.state is not None:
        query = query.where(alerts.c.state == wanted.state)
    elif not wanted.everything:
        query = query.where(alerts.c.state.in_(_OPEN))
    if wanted.rule_id is not None:
        query = query.where(alerts.c.rule_id == wanted.rule_id)
    if wanted.machine_id is not None:
        query = query.where(alerts.c.machine_id == wanted.machine_id)
    if wanted.cursor is not None:
        since, id = decode_cursor(wanted.cursor, tuple[datetime, str])
        query = query.where((alerts.c.since < since) | ((alerts.c.since == since) & (alerts.c.id < id)))
    query = query.order_by(alerts.c.since.desc(), alerts.c.id.desc()).limit(wanted.limit + 1)
    found = [_alert(tuple(row)) for row in connection.execute(query)]
    return cut(found, wanted.limit, lambda alert: (alert.since, alert.id))


def trim(connection: Connection, before: datetime, limit: int) -> int:
    """Forget at most so many that were resolved before; how many went."""
    old = sa.select(alerts.c.id).where(alerts.c.resolved_at < sa.literal(before, Utc)).limit(limit)
    return connection.execute(sa.delete(alerts).where(alerts.c.id.in_(old))).rowcount


def _stored(connection: Connection, where: sa.ColumnElement[bool], limit: int | None = None) -> list[StoredAlert]:
    query = sa.select(alerts.c.account_id, alerts.c.act, *_SHOWN).where(where).order_by(alerts.c.since, alerts.c.id)
    rows = connection.execute(query.limit(limit))
    return [StoredAlert(account_id=row[0], act=row[1], alert=_alert(tuple(row[2:]))) for row in rows]


def _alert(row: tuple[Any, ...]) -> Alert:
    return msgspec.convert(dict(zip(Alert.__struct_fields__, row, strict=True)), Alert)


def _row(stored: StoredAlert) -> dict[str, Any]:
    return {**msgspec.structs.asdict(stored.alert), "account_id": stored.account_id, "act": stored.act}
