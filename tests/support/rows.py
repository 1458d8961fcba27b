"""Rows for every table that a backup holds, made from the tables, so that a new column is never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mistserver.store import dump
from mistserver.store.types import Json, Utc

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
STATES = ("queued", "running", "succeeded", "failed", "cancelled")
ODD = 'é 𝄞 \u202e "quoted" \\ \n\t\x7f <b>'


def fill(connection: sa.Connection, count: int = 5) -> int:
    """`count` rows in every table but meta; every nullable column is null in the last of them. How many rows."""
    tables = [table for name, table in dump.TABLES.items() if name != "meta"]
    for table in tables:
        connection.execute(sa.insert(table), [_row(table, number, number == count - 1) for number in range(count)])
    return len(tables) * count


def content(connection: sa.Connection) -> dict[str, list[list[Any]]]:
    """Everything, as a backup sees it, with booleans and bytes alike on both databases."""
    return {name: list(dump.rows(connection, name)) for name in dump.TABLES}


def _row(table: sa.Table, number: int, empty: bool) -> dict[str, Any]:
    return {column.name: _value(column, number, empty) for column in table.columns}


def _value(column: sa.Column[Any], number: int, empty: bool) -> Any:
    if column.foreign_keys:
        (target,) = column.foreign_keys
        return f"{target.column.table.name}-{number}"
    if empty and column.nullable:
        return None
    if column.name == "state":
        return STATES[number % len(STATES)]
    if isinstance(column.type, Utc):
        return NOW + timedelta(microseconds=number)
    if isinstance(column.type, Json):
        return {"text": ODD, "number": number, "list": [1.5, None, True], "nul": "\x00"}
    if isinstance(column.type, sa.Boolean):
        return number % 2 == 0
    if isinstance(column.type, sa.LargeBinary):
        return bytes([1]) + bytes(8) + bytes(range(100))
    if isinstance(column.type, sa.Float):
        return number + 0.25
    if isinstance(column.type, sa.Integer):
        return 2**31 - 100 + number if isinstance(column.type, sa.BigInteger) else number + 1
    return f"{column.table.name}-{number}" if column.name == "id" else _text(column, number)


def _text(column: sa.Column[Any], number: int) -> str:
    text = f"{column.name}-{number}"
    length = getattr(column.type, "length", None)
    return (text if length else f"{text} {ODD}")[: length or None]
