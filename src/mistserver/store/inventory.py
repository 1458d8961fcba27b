"""How the rows of machines come to be: from a backend's whole reading, and from what jobs do to one machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mistserver.domain.ids import new_id
from mistserver.domain.machine import MachineReading, MachineState
from mistserver.store import backends
from mistserver.store.backends import StoredBackend
from mistserver.store.locks import lock_account
from mistserver.store.readings import Prepared, prepare_one, with_state
from mistserver.store.tables import accounts, host_keys, machines

T = TypeVar("T")

_BATCH = 500  # below SQLite's limit of variables in one statement

Named = tuple[str, str]  # id, name


class Changes(msgspec.Struct, kw_only=True):
    """What a reading changed that a user sees. `first`: it was the backend's first good one."""

    appeared: list[Named] = []
    gone: list[Named] = []
    changed: int = 0
    first: bool = False

    def __bool__(self) -> bool:
        return bool(self.appeared or self.gone or self.changed)


def apply_reading(
    connection: Connection, stored: StoredBackend, readings: Sequence[Prepared], started_at: datetime, now: datetime
) -> Changes:
    """Make the backend's machines those of a whole reading that began at `started_at`.

    A machine keeps its id by the provider's id, or by the mark of its create. What a job touched after the reading
    began stays as the job left it. The account's `inventory_version` grows only when there is something to see. The
    caller holds `lock_account` and has read `stored` since.
    """
    rows = connection.execute(sa.select(machines).where(machines.c.backend_id == stored.id)).all()
    by_id = {row.external_id: row for row in rows if row.external_id is not None}
    by_mark = {row.mark: row for row in rows if row.external_id is None and row.mark is not None}
    merge = _Merge(stored, started_at, now)
    for item in readings:
        row = by_id.pop(item.external_id, None)
        if row is None and item.mark is not None:
            row = by_mark.pop(item.mark, None)
        if row is None:
            merge.appeared(item)
        else:
            merge.seen(row, item)
    for row in (*by_id.values(), *by_mark.values()):
        merge.missing(row)
    merge.write(connection)
    backends.record_reading(connection, stored.id, now)
    if merge.changes or stored.backend.trouble is not None:
        bump(connection, stored.account_id)
    return merge.changes


def ask_for(
    connection: Connection, stored: StoredBackend, asked: Prepared, pending_until: datetime, now: datetime
) -> str:
    """A row for a machine that a job is about to create (`readings.asked_for`); its id.

    It goes away after `pending_until` if none comes.
    """
    lock_account(connection, stored.account_id)
    row = _row(stored, asked) | {"pending_until": pending_until, "touched_at": now}
    connection.execute(sa.insert(machines).values(row))
    bump(connection, stored.account_id)
    return str(row["id"])


def put_reading(
    connection: Connection,
    stored: StoredBackend,
    reading: MachineReading,
    now: datetime,
    pending_until: datetime | None = None,
) -> str:
    """Keep what the provider said of one machine just now; its id. Found by the mark of its create, else by its id.

    Until `pending_until` a whole reading that lacks it does not remove it.
    """
    lock_account(connection, stored.account_id)
    item = prepare_one(reading)
    here = machines.c.backend_id == stored.id
    values = _shown(item) | {"touched_at": now, "seen_at": now}
    if pending_until is not None:
        values["pending_until"] = pending_until
    listed = here & (machines.c.external_id == item.external_id)
    asked = here & (machines.c.mark == item.mark) & machines.c.external_id.is_(None)
    machine_id = connection.execute(sa.select(machines.c.id).where(asked).limit(1)).scalar_one_or_none()
    if machine_id is not None:  # a whole reading may have shown it meanwhile, without its mark
        connection.execute(sa.delete(machines).where(listed))
    else:
        machine_id = connection.execute(sa.select(machines.c.id).where(listed)).scalar_one_or_none()
    if machine_id is None:
        values = _row(stored, item) | values
        connection.execute(sa.insert(machines).values(values))
        machine_id = str(values["id"])
    else:
        connection.execute(sa.update(machines).where(machines.c.id == machine_id).values(values))
    bump(connection, stored.account_id)
    return str(machine_id)


def set_state(connection: Connection, account_id: str, machine_id: str, state: MachineState, now: datetime) -> None:
    """Show a machine in another state until the provider says otherwise."""
    reading = connection.execute(sa.select(machines.c.reading).where(machines.c.id == machine_id)).scalar_one_or_none()
    if reading is not None:
        values = {"state": state.value, "reading": with_state(reading, state), "touched_at": now}
        connection.execute(sa.update(machines).where(machines.c.id == machine_id).values(values))
        bump(connection, account_id)


def hide(connection: Connection, account_id: str, machine_id: str, now: datetime) -> None:
    """A machine was destroyed: listings leave it out, and the next reading removes it with all that belongs to it."""
    values = {"destroyed_at": now, "touched_at": now, "pending_until": None}
    connection.execute(sa.update(machines).where(machines.c.id == machine_id).values(values))
    bump(connection, account_id)


def delete(connection: Connection, account_id: str, machine_id: str) -> None:
    """Remove a machine that was asked for and never came."""
    _delete(connection, [machine_id])
    bump(connection, account_id)


def bump(connection: Connection, account_id: str) -> None:
    """Say that listings of the account's machines look different now. Whoever changes a tag calls it too."""
    grown = {"inventory_version": accounts.c.inventory_version + 1}
    connection.execute(sa.update(accounts).where(accounts.c.id == account_id).values(grown))


def version(connection: Connection, account_id: str) -> int:
    """Grows with each change of what listings show."""
    query = sa.select(accounts.c.inventory_version).where(accounts.c.id == account_id)
    return connection.execute(query).scalar_one_or_none() or 0


_WRITTEN = (
    "external_id", "name", "state", "reading", "addresses", "native_tags", "mark", "seen_at", "destroyed_at",
)  # fmt: skip


class _Merge:
    """A reading compared with the rows that are there; what has to be written is gathered first."""

    def __init__(self, stored: StoredBackend, started_at: datetime, now: datetime) -> None:
        self.changes = Changes(first=stored.backend.read_at is None)
        self._stored = stored
        self._started_at = started_at
        self._now = now
        self._inserts: list[tuple[str, Prepared]] = []
        self._updates: list[dict[str, Any]] = []
        self._deletes: list[str] = []

    def appeared(self, item: Prepared) -> None:
        id = new_id()
        self._inserts.append((id, item))
        self.changes.appeared.append((id, item.name))

    def seen(self, row: Row[Any], item: Prepared) -> None:
        if self._touched(row) or (row.destroyed_at is not None and item.state == MachineState.TERMINATED):
            return
        same = row.reading == item.reading and row.external_id is not None and row.destroyed_at is None
        if not same or row.seen_at is not None:
            self._updates.append({"row_id": row.id, "mark": row.mark, **_shown(item)})
            self.changes.changed += not same

    def missing(self, row: Row[Any]) -> None:
        if self._touched(row):
            return
        if row.pending_until is not None and row.pending_until > self._now:
            if row.seen_at is None and row.external_id is not None:
                kept = {column: getattr(row, column) for column in _WRITTEN}
                self._updates.append(kept | {"row_id": row.id, "seen_at": self._stored.backend.read_at or self._now})
            return
        self._deletes.append(row.id)
        if row.destroyed_at is None:
            self.changes.gone.append((row.id, row.name))

    def write(self, connection: Connection) -> None:
        for some in _batched(self._inserts):
            connection.execute(sa.insert(machines), [_row(self._stored, item, id) for id, item in some])
        columns: dict[str, Any] = {name: sa.bindparam(name) for name in _WRITTEN}
        changed = sa.update(machines).where(machines.c.id == sa.bindparam("row_id")).values(columns)
        for updates in _batched(self._updates):
            connection.execute(changed, updates)
        _delete(connection, self._deletes)

    def _touched(self, row: Row[Any]) -> bool:
        return row.touched_at is not None and row.touched_at >= self._started_at


def _shown(item: Prepared) -> dict[str, Any]:
    values = msgspec.structs.asdict(item)
    if values["mark"] is None:
        del values["mark"]
    return values | {"seen_at": None, "destroyed_at": None}


def _row(stored: StoredBackend, item: Prepared, id: str | None = None) -> dict[str, Any]:
    owner = {"id": id or new_id(), "account_id": stored.account_id, "backend_id": stored.id, "mark": item.mark}
    return owner | _shown(item) | {"pending_until": None, "touched_at": None}


def _batched(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts that one statement can take; what a driver makes of ten thousand rows at once it keeps for ever."""
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _delete(connection: Connection, machine_ids: list[str]) -> None:
    for some in _batched(machine_ids):
        connection.execute(sa.delete(host_keys).where(host_keys.c.owner.in_(some)))
        connection.execute(sa.delete(machines).where(machines.c.id.in_(some)))
