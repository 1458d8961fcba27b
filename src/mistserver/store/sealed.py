"""Every place where a sealed record is kept, and its rewrapping under another master key in small transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.master_keys import MasterKeys
from mistserver.store.secrets import CHECK, HASH_KEY, VERSION, rewrap
from mistserver.store.tables import backends, channels, collectd_passwords, jobs, keys, meta, plugins, rules

Place = tuple[sa.Column[str], sa.Column[bytes]]  # a table's key, and its column of sealed records

PLACES: tuple[Place, ...] = (
    (meta.c.name, meta.c.value),
    (backends.c.id, backends.c.secret),
    (keys.c.id, keys.c.secret),
    (jobs.c.id, jobs.c.secret),
    (channels.c.id, channels.c.secret),
    (rules.c.id, rules.c.script),
    (plugins.c.id, plugins.c.secret),
    (collectd_passwords.c.machine_id, collectd_passwords.c.secret),
)
_SEALED_META = (CHECK, HASH_KEY)


def rewrap_some(connection: Connection, place: Place, master_keys: MasterKeys, limit: int) -> int:
    """Rewrap at most `limit` records of a place that another key than the current one seals; how many there were."""
    key, column = place
    rows = connection.execute(_others(place, master_keys.current.id).order_by(key).limit(limit).with_for_update()).all()
    for row_key, blob in rows:
        mine = sa.update(column.table).where(key == row_key, column == blob)
        connection.execute(mine.values({column: rewrap(master_keys, blob)}))
    return len(rows)


def count_others(connection: Connection, key_id: str) -> int:
    """How many records are sealed by another key than this one."""
    counts = (sa.select(sa.func.count()).select_from(_others(place, key_id).subquery()) for place in PLACES)
    return sum(int(connection.execute(query).scalar_one()) for query in counts)


def key_ids(connection: Connection) -> set[str]:
    """The ids of all master keys that seal something."""
    return {head[1:].hex() for place in PLACES for head in _heads(connection, place)}


def _heads(connection: Connection, place: Place) -> Iterator[bytes]:
    key, column = place
    yield from connection.execute(sa.select(_head(column)).where(*_is_sealed(key, column)).distinct()).scalars()


def _others(place: Place, key_id: str) -> sa.Select[Any]:
    key, column = place
    wanted = sa.literal(VERSION + bytes.fromhex(key_id), sa.LargeBinary)
    columns: list[sa.Column[Any]] = [key, column]
    return sa.select(*columns).where(*_is_sealed(key, column), _head(column) != wanted)


def _is_sealed(key: sa.Column[str], column: sa.Column[bytes]) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [column.is_not(None)]
    return [*conditions, key.in_(_SEALED_META)] if key is meta.c.name else conditions


def _head(column: sa.Column[bytes]) -> sa.ColumnElement[bytes]:
    """Version and key id, with which every sealed record begins."""
    return sa.func.substr(column, 1, 9, type_=sa.LargeBinary)
