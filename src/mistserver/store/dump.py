"""All product tables as plain rows, out of one database and into another, whichever kinds the two are.

A row is a list in the order of `columns`: whole numbers for times, text for JSON, bytes for what is sealed. On the way
back it may have been JSON in between, so that bytes are base64.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import InvalidInput
from mistserver.domain.job import TERMINAL, JobState
from mistserver.store.tables import job_items, job_steps, jobs, metadata
from mistserver.store.types import Json, Utc

PASSING = frozenset({"leases", "services", "tickets"})  # meaningless to another service
TABLES: dict[str, sa.Table] = {str(table.name): table for table in metadata.sorted_tables if table.name not in PASSING}
_READ_AT_ONCE = 500
_KINDS: dict[type[Any], type[Any]] = {
    sa.LargeBinary: bytes,
    sa.Boolean: bool,
    sa.Integer: int,
    sa.Float: float,
    sa.String: str,
}


def columns(table: str) -> list[str]:
    return [str(column.name) for column in TABLES[table].columns]  # SQLAlchemy gives a string of its own kind


def rows(connection: Connection, table: str) -> Iterator[list[Any]]:
    """Every row, read as it is asked for and not all at once."""
    plain = _plain(table)
    query = sa.select(*plain.columns).order_by(*(plain.c[column.name] for column in TABLES[table].primary_key))
    options = {"stream_results": True, "yield_per": _READ_AT_ONCE}
    with connection.execute(query, execution_options=options) as result:
        for row in result:
            yield [bytes(value) if isinstance(value, memoryview) else value for value in row]


def load(connection: Connection, table: str, batch: Sequence[list[Any]]) -> None:
    """Insert rows; a value of the wrong kind, or a row that the database refuses, is InvalidInput."""
    names = columns(table)
    checks = [_Check(TABLES[table].c[name], connection.dialect.name == "postgresql") for name in names]
    ready = [{name: check(value) for name, check, value in zip(names, checks, row, strict=True)} for row in batch]
    try:
        connection.execute(sa.insert(_plain(table)), ready)
    except (sa.exc.IntegrityError, sa.exc.DataError):
        raise InvalidInput(f"The rows of {table} contradict each other or are too long.") from None


def first_filled(connection: Connection) -> str | None:
    """The name of a table that has rows, or None when the database is empty."""
    for name, table in TABLES.items():
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            return name
    return None


def fail_unfinished_jobs(connection: Connection, error: dict[str, Any], at: datetime) -> int:
    """End every job, step and item that was under way with this error; how many jobs there were."""
    ended = [str(state) for state in TERMINAL]
    steps = sa.update(job_steps).where(job_steps.c.state.not_in(ended))
    connection.execute(steps.values(state=JobState.FAILED, finished_at=at, detail=error["message"]))
    items = sa.update(job_items).where(job_items.c.state.not_in(ended))
    connection.execute(items.values(state=JobState.FAILED, finished_at=at, error=error))
    unfinished = sa.update(jobs).where(jobs.c.state.not_in(ended))
    return connection.execute(
        unfinished.values(state=JobState.FAILED, finished_at=at, error=error, dedup=None)
    ).rowcount


def continue_sequences(connection: Connection) -> None:
    """Let counting columns go on after the highest value that was loaded; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for name, table in TABLES.items():
        for column in table.columns:
            if column.autoincrement is True:
                highest = sa.select(sa.func.max(column)).scalar_subquery()
                sequence = sa.func.pg_get_serial_sequence(name, column.name)
                connection.execute(sa.select(sa.func.setval(sequence, highest)).where(highest.is_not(None)))


class _Check:
    """What a value of one column has to be."""

    def __init__(self, column: sa.Column[Any], no_nul: bool) -> None:
        plain = _plain_type(column)
        self._name = str(column)
        self._kind = next(kind for base, kind in _KINDS.items() if isinstance(plain, base))
        self._nullable = column.nullable
        self._is_json = isinstance(column.type, Json)
        self._no_nul = no_nul and self._kind is str

    def __call__(self, value: Any) -> Any:
        if value is None and self._nullable:
            return None
        if self._kind is bytes and type(value) is str:
            return self._from_base64(value)
        if type(value) is not self._kind or (self._kind is int and value.bit_length() > 63):
            raise InvalidInput(f"A value of {self._name} is {type(value).__name__}, not {self._kind.__name__}.")
        if self._is_json:
            self._check_json(value)
        # PostgreSQL keeps no NUL in text, which output of machines may hold
        return value.replace("\x00", "\ufffd") if self._no_nul and "\x00" in value else value

    def _from_base64(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise InvalidInput(f"A value of {self._name} is not base64.") from None

    def _check_json(self, text: str) -> None:
        try:
            msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidInput(f"A value of {self._name} is not JSON.") from None


def _plain(table: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(column.name, _plain_type(column)) for column in TABLES[table].columns))


def _plain_type(column: sa.Column[Any]) -> Any:
    """The type beneath ours: a time as the number it is kept as, JSON as its text."""
    if isinstance(column.type, Utc):
        return sa.BigInteger()
    return sa.Text() if isinstance(column.type, Json) else column.type
