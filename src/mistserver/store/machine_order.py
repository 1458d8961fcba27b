"""The orders in which machines are listed, and how a listing goes on after the last machine of a page.

The next page begins behind a place, not behind a number of machines: what comes or goes meanwhile shifts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import InvalidInput
from mistserver.domain.page import decode_cursor, encode_cursor
from mistserver.domain.sorting import Sort
from mistserver.store.tables import backends, machines

BY_NAME = (machines.c.name, machines.c.id)
_PLAIN: dict[str, sa.ColumnElement[Any]] = {
    "name": machines.c.name,
    "state": machines.c.state,
    "external_id": machines.c.external_id,
    "id": machines.c.id,
}
_OF_BACKEND = {"backend": backends.c.name, "provider": backends.c.provider}
_READ = ("size", "image", "location", "created_at")
FIELDS = ("name", "state", "backend", "provider", "size", "image", "location", "created_at", "external_id", "id")


class Order:
    """By one value, machines without it last; those of one value by name."""

    def __init__(self, value: sa.ColumnElement[Any], sort: Sort) -> None:
        self._value = value
        self._sort = sort
        self._missing = sa.case((value.is_(None), 1), else_=0)
        directed = value.desc() if sort.descending else value.asc()
        self.columns: Sequence[sa.ColumnElement[Any]] = (self._missing, directed, *BY_NAME)
        self.key: Sequence[sa.ColumnElement[Any]] = (value, *BY_NAME)

    def cursor(self, key: Sequence[Any]) -> str:
        return encode_cursor(self._spelling, *key)

    def after(self, cursor: str) -> sa.ColumnElement[bool]:
        """What stands behind the place that a cursor names; InvalidInput for a cursor of another order."""
        spelling, value, name, id = decode_cursor(cursor, tuple[str, str | None, str, str])
        if spelling != self._spelling:
            raise InvalidInput("The cursor belongs to another order (sort); begin without a cursor.", field="cursor")
        later_name = sa.tuple_(*BY_NAME) > sa.tuple_(sa.literal(name), sa.literal(id))
        if value is None:
            return self._value.is_(None) & later_name
        beyond = self._value < value if self._sort.descending else self._value > value
        return beyond | self._value.is_(None) | ((self._value == value) & later_name)

    @property
    def _spelling(self) -> str:
        return f"{self._sort.field}:{'desc' if self._sort.descending else 'asc'}"


class ByName(Order):
    """The order without a choice, which an index keeps."""

    def __init__(self) -> None:
        super().__init__(machines.c.name, Sort("name"))
        self.columns = self.key = BY_NAME

    def cursor(self, key: Sequence[Any]) -> str:
        return encode_cursor(*key)

    def after(self, cursor: str) -> sa.ColumnElement[bool]:
        place = decode_cursor(cursor, tuple[str, str])
        return sa.tuple_(*BY_NAME) > sa.tuple_(*map(sa.literal, place))


def of(connection: Connection, sort: Sort | None) -> Order:
    """The order that was chosen; by name when none was."""
    if sort is None or sort == Sort("name"):
        return ByName()
    if sort.field in _OF_BACKEND:
        of_backend = sa.select(_OF_BACKEND[sort.field]).where(backends.c.id == machines.c.backend_id)
        return Order(of_backend.scalar_subquery(), sort)
    if sort.field in _READ:
        return Order(_read(connection, sort.field), sort)
    return Order(_PLAIN[sort.field], sort)


def _read(connection: Connection, field: str) -> sa.ColumnElement[Any]:
    """A field of what the provider said."""
    text: sa.ColumnElement[Any]
    if connection.dialect.name == "sqlite":
        text = sa.func.json_extract(machines.c.reading, f"$.{field}", type_=sa.Text)
    else:
        text = sa.cast(machines.c.reading, sa.JSON)[field].as_string()
    if field != "created_at":
        return text
    moment = sa.func.rtrim(text, "Z", type_=sa.Text)  # so that 12:00:00 comes before 12:00:00.5
    return moment if connection.dialect.name == "sqlite" else sa.collate(moment, "C")
