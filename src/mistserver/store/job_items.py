"""The results of a job, one row a machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.engine import Connection, Row

from mistserver.domain.job import TERMINAL, JobItem, JobState
from mistserver.store.notices import changed
from mistserver.store.tables import job_items
from mistserver.store.upsert import insert_into

_KEPT_ELSEWHERE = ("stdout", "stderr")
_NAMES = [name for name in JobItem.__struct_fields__ if name not in _KEPT_ELSEWHERE]
_ITEM = [job_items.c[name] for name in _NAMES]


class ItemQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items of a job, in the order of the asking; `after` is the last position seen."""

    state: JobState | None = None
    limit: int = 100
    after: int = -1


def add(connection: Connection, job_id: str, machines: Sequence[tuple[str, str]]) -> None:
    """Write the machines (id, name) that a job will work on, as queued."""
    rows = [
        {
            "job_id": job_id,
            "machine_id": machine_id,
            "machine_name": name,
            "position": position,
            "state": JobState.QUEUED,
            "stdout_bytes": 0,
            "stderr_bytes": 0,
        }
        for position, (machine_id, name) in enumerate(machines)
    ]
    if rows:
        connection.execute(insert(job_items), rows)


def save(connection: Connection, job_id: str, items: Sequence[JobItem]) -> None:
    """Write results in one batch. An item that has ended stays as it is, one that was not announced is added."""
    if not items:
        return
    mine = job_items.c.job_id == job_id
    version, position = connection.execute(
        select(func.max(job_items.c.version), func.max(job_items.c.position)).where(mine)
    ).one()
    first = 0 if position is None else position + 1
    rows = [
        {name: getattr(item, name) for name in _NAMES}
        | {"job_id": job_id, "position": first + index, "version": (version or 0) + 1 + index}
        for index, item in enumerate(items)
    ]
    statement = insert_into(connection, job_items)
    fresh = {name: statement.excluded[name] for name in rows[0] if name not in ("job_id", "machine_id", "position")}
    key = [job_items.c.job_id, job_items.c.machine_id]
    # spelt out: a list cannot be bound when several rows go in at once
    still_open = and_(*(job_items.c.state != state for state in sorted(TERMINAL)))
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=fresh, where=still_open), rows)
    changed(connection, f"job:{job_id}")


def page(connection: Connection, job_id: str, query: ItemQuery) -> list[tuple[int, JobItem]]:
    """(position, item) of a job, without outputs."""
    conditions: list[ColumnElement[bool]] = [job_items.c.job_id == job_id, job_items.c.position > query.after]
    if query.state is not None:
        conditions.append(job_items.c.state == query.state)
    wanted = select(job_items.c.position, *_ITEM).where(*conditions).order_by(job_items.c.position)
    return [(row.position, _item(row)) for row in connection.execute(wanted.limit(query.limit))]


def changed_since(connection: Connection, job_id: str, version: int, limit: int) -> list[tuple[int, JobItem]]:
    """(version, item) of those that changed after `version`, in the order of the changes."""
    mine = (job_items.c.job_id == job_id, job_items.c.version > version)
    wanted = select(job_items.c.version, *_ITEM).where(*mine).order_by(job_items.c.version).limit(limit)
    return [(row.version, _item(row)) for row in connection.execute(wanted)]


def close(connection: Connection, job_id: str, at: datetime) -> None:
    """Cancel the items that a job leaves unfinished at its end."""
    mine = job_items.c.job_id == job_id
    version = connection.execute(select(func.max(job_items.c.version)).where(mine)).scalar() or 0
    left = update(job_items).where(mine, job_items.c.state.not_in(TERMINAL))
    connection.execute(left.values(state=JobState.CANCELLED, finished_at=at, version=version + 1))


def _item(row: Row[Any]) -> JobItem:
    return msgspec.convert({name: row._mapping[name] for name in _NAMES}, JobItem)
