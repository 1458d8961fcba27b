"""Machines as listings show them. Rows are written by `store/inventory.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.machine import Machine
from mistserver.domain.page import Page
from mistserver.domain.sorting import Sort
from mistserver.store import machine_order
from mistserver.store.backends import StoredBackend, all_of
from mistserver.store.readings import decode, more_tags
from mistserver.store.tables import machines, tags

_BATCH = 500  # below SQLite's limit of variables in one statement
_NEVER = 0  # of a machine that is asked for and was not shown yet

Backends = dict[str, StoredBackend]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which machines; everything given must hold. `search` is looked for in name, provider's id and addresses.

    `sort` is one of `machine_order.FIELDS`; by name without.
    """

    backend_id: str | None = None
    tag: str | None = None
    state: str | None = None
    search: str | None = None
    sort: Sort | None = None


class Candidate(msgspec.Struct, frozen=True):
    """What a machine is selected by."""

    id: str
    external_id: str
    name: str
    addresses: str

    def ids(self) -> tuple[str, ...]:
        return (self.id, self.external_id) if self.external_id else (self.id,)

    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def searched(self) -> tuple[str, ...]:
        return (self.name, *self.ids(), *self.addresses.split())


class _Line(msgspec.Struct, frozen=True):
    """One row as it comes from the database."""

    id: str
    backend_id: str
    seen: int | None
    reading: str


# plain tuples of plain values: with the column types' conversions 10 000 rows cost three times as much
_COLUMNS = (
    machines.c.id,
    machines.c.backend_id,
    sa.case((machines.c.external_id.is_(None), _NEVER), else_=sa.type_coerce(machines.c.seen_at, sa.BigInteger)),
    machines.c.reading,
)
_ORDER = machine_order.BY_NAME


def get(connection: Connection, account_id: str, machine_id: str) -> Machine | None:
    """One machine of the account; None also for one that was destroyed."""
    found = get_many(connection, account_id, [machine_id])
    return found[0] if found else None


def get_many(connection: Connection, account_id: str, machine_ids: Sequence[str]) -> list[Machine]:
    """Those of the machines that there are, by name."""
    found: list[Machine] = []
    for start in range(0, len(machine_ids), _BATCH):
        some = machines.c.id.in_(machine_ids[start : start + _BATCH])
        found.extend(_read(connection, account_id, _query(account_id).where(some)))
    return sorted(found, key=lambda machine: (machine.name, machine.id))


def find(connection: Connection, account_id: str, wanted: Filter) -> list[Machine]:
    """Every machine that the filter lets through, by name."""
    return _read(connection, account_id, _query(account_id, wanted).order_by(*_ORDER))


def page(connection: Connection, account_id: str, wanted: Filter, limit: int, cursor: str | None) -> Page[Machine]:
    """Machines in the order of the filter."""
    rows, next_cursor = _part(connection, account_id, wanted, limit, cursor)
    return Page(items=_records(connection, account_id, rows), next_cursor=next_cursor)


def page_json(
    connection: Connection, account_id: str, wanted: Filter, limit: int, cursor: str | None
) -> tuple[bytes, str | None]:
    """The same page as an encoded JSON list, and the next cursor; no record is made of any row."""
    rows, next_cursor = _part(connection, account_id, wanted, limit, cursor)
    known = {stored.id: stored for stored in all_of(connection, account_id)}
    kept = _kept_tags(connection, account_id, [row[0] for row in rows])
    return _render(rows, known, kept), next_cursor


def candidates(connection: Connection, account_id: str) -> list[Candidate]:
    """What every machine of the account is selected by, by name."""
    external_id = sa.func.coalesce(machines.c.external_id, "")
    query = sa.select(machines.c.id, external_id, machines.c.name, machines.c.addresses)
    rows = connection.execute(query.where(*_visible(account_id)).order_by(*_ORDER)).all()
    return [Candidate(*row) for row in rows]


def matching(connection: Connection, account_id: str, term: str) -> tuple[str, list[str]]:
    """The level at which an ASCII term matches (see `domain/selector.py`), and the ids of the machines it picks."""
    columns = (machines.c.id, machines.c.external_id, machines.c.name, machines.c.addresses)
    for level, where in (
        ("id", (machines.c.id == term) | (machines.c.external_id == term)),
        ("name", machines.c.name == term),
        ("name_ignoring_case", sa.func.lower(machines.c.name) == term.lower()),
        ("substring", sa.or_(*(column.icontains(term, autoescape=True) for column in columns))),
    ):
        query = sa.select(machines.c.id).where(*_visible(account_id), where).order_by(*_ORDER)
        found = list(connection.execute(query).scalars())
        if found and term:
            return level, found
    return "none", []


def _query(account_id: str, wanted: Filter | None = None) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).where(*_visible(account_id))
    if wanted is None:
        return query
    if wanted.backend_id is not None:
        query = query.where(machines.c.backend_id == wanted.backend_id)
    if wanted.state is not None:
        query = query.where(machines.c.state == wanted.state)
    if wanted.tag is not None:
        query = query.where(_tagged(wanted.tag))
    if wanted.search:
        columns = (machines.c.name, machines.c.external_id, machines.c.addresses)
        query = query.where(sa.or_(*(column.icontains(wanted.search, autoescape=True) for column in columns)))
    return query


def _visible(account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return machines.c.account_id == account_id, machines.c.destroyed_at.is_(None)


def _tagged(tag: str) -> sa.ColumnElement[bool]:
    kept = sa.select(tags.c.machine_id).where(tags.c.tag == tag)
    quoted = msgspec.json.encode(tag).decode()
    native = sa.func.replace(machines.c.native_tags, quoted, "") != machines.c.native_tags
    return machines.c.id.in_(kept) | native


def _part(
    connection: Connection, account_id: str, wanted: Filter, limit: int, cursor: str | None
) -> tuple[Sequence[Any], str | None]:
    """The rows of a page, and the cursor of the next one."""
    order = machine_order.of(connection, wanted.sort)
    query = _query(account_id, wanted)
    if cursor is not None:
        query = query.where(order.after(cursor))
    rows = connection.execute(query.add_columns(*order.key).order_by(*order.columns).limit(limit + 1)).all()
    if len(rows) <= limit:
        return [row[: len(_COLUMNS)] for row in rows], None
    next_cursor = order.cursor(rows[limit - 1][len(_COLUMNS) :])
    return [row[: len(_COLUMNS)] for row in rows[:limit]], next_cursor


def _read(connection: Connection, account_id: str, query: sa.Select[Any]) -> list[Machine]:
    return _records(connection, account_id, connection.execute(query).all())


def _records(connection: Connection, account_id: str, rows: Sequence[Any]) -> list[Machine]:
    lines = [_Line(*row) for row in rows]
    known = {stored.id: stored for stored in all_of(connection, account_id)}
    kept = _kept_tags(connection, account_id, [line.id for line in lines])
    return [_machine(line, known[line.backend_id], kept.get(line.id, [])) for line in lines]


def _machine(line: _Line, stored: StoredBackend, kept: list[str]) -> Machine:
    shown = msgspec.structs.asdict(decode(line.reading))
    return Machine(
        id=line.id,
        backend_id=line.backend_id,
        backend_name=stored.name,
        provider=stored.backend.provider,
        tags=tuple(sorted({*shown.pop("tags"), *kept})),
        seen_at=_seen_at(line.seen, stored),
        stale=_stale(stored),
        **shown,
    )


def _render(rows: Sequence[Any], known: Backends, kept: dict[str, list[str]]) -> bytes:
    heads, tails = {}, {}
    for id, one in known.items():
        heads[id] = _inside({"backend_id": id, "backend_name": one.name, "provider": one.backend.provider})
        tails[id] = _inside({"seen_at": one.backend.read_at, "stale": _stale(one)})
    parts = []
    for id, backend_id, seen, reading in rows:
        tail = tails[backend_id]
        if seen is not None:
            stored = known[backend_id]
            tail = _inside({"seen_at": _seen_at(seen, stored), "stale": _stale(stored)})
        if id in kept:
            reading = more_tags(reading, kept[id])
        parts.append(f'{{"id":"{id}",{heads[backend_id]},{tail},{reading[1:]}')
    if not parts:
        return b"[]"
    # megabytes are not copied once more for two brackets
    parts[0] = f"[{parts[0]}"
    parts[-1] = f"{parts[-1]}]"
    return ",".join(parts).encode()


def _inside(fields: dict[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()[1:-1]


def _stale(stored: StoredBackend) -> bool:
    return stored.backend.state != "online"


def _seen_at(seen: int | None, stored: StoredBackend) -> datetime | None:
    if seen is None:
        return stored.backend.read_at
    return None if seen == _NEVER else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seen)


def _kept_tags(connection: Connection, account_id: str, machine_ids: Sequence[str]) -> dict[str, list[str]]:
    query = sa.select(tags.c.machine_id, tags.c.tag)
    if len(machine_ids) <= _BATCH:
        query = query.where(tags.c.machine_id.in_(machine_ids))
    else:
        query = query.join(machines, machines.c.id == tags.c.machine_id).where(machines.c.account_id == account_id)
    found: dict[str, list[str]] = {}
    for machine_id, tag in connection.execute(query).all():
        found.setdefault(machine_id, []).append(tag)
    return found
