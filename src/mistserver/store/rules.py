"""Rules on metrics. The text of a script is sealed and stands beside the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.domain.rule import NODATA, Rule
from mistserver.store.tables import rules

_BATCH = 500
_SHOWN = [rules.c[name] for name in Rule.__struct_fields__]


def insert(connection: Connection, account_id: str, rule: Rule, script: bytes | None = None) -> None:
    connection.execute(sa.insert(rules).values({**_row(rule), "account_id": account_id, "script": script}))


def update(connection: Connection, rule: Rule, script: bytes | None) -> None:
    connection.execute(sa.update(rules).where(rules.c.id == rule.id).values({**_row(rule), "script": script}))


def get(connection: Connection, account_id: str, rule_id: str) -> Rule | None:
    found = _all(connection, (rules.c.account_id == account_id) & (rules.c.id == rule_id))
    return found[0] if found else None


def script(connection: Connection, rule_id: str) -> bytes | None:
    return connection.execute(sa.select(rules.c.script).where(rules.c.id == rule_id)).scalar_one_or_none()


def page(connection: Connection, account_id: str, machine_id: str | None, place: tuple[int, str | None]) -> Page[Rule]:
    """Rules by name, those of one machine where told; `place` is a limit and a cursor."""
    limit, cursor = place
    query = sa.select(*_SHOWN).where(rules.c.account_id == account_id).order_by(rules.c.name, rules.c.id)
    if machine_id is not None:
        query = query.where(rules.c.machine_id == machine_id)
    if cursor is not None:
        name, id = decode_cursor(cursor, tuple[str, str])
        query = query.where((rules.c.name > name) | ((rules.c.name == name) & (rules.c.id > id)))
    found = [_rule(row) for row in connection.execute(query.limit(limit + 1))]
    return cut(found, limit, lambda rule: (rule.name, rule.id))


def all_of(connection: Connection, account_id: str) -> list[Rule]:
    return _all(connection, rules.c.account_id == account_id)


def enabled(connection: Connection) -> dict[str, list[Rule]]:
    """Every rule that is in force, by account."""
    found: dict[str, list[Rule]] = {}
    for row in connection.execute(sa.select(rules.c.account_id, *_SHOWN).where(rules.c.enabled)):
        found.setdefault(row[0], []).append(_rule(row[1:]))
    return found


def count(connection: Connection, account_id: str) -> int:
    query = sa.select(sa.func.count()).select_from(rules).where(rules.c.account_id == account_id)
    return int(connection.execute(query).scalar_one())


def stamp(connection: Connection) -> tuple[int, datetime | None]:
    """Another one whenever any rule was added, changed or deleted."""
    row = connection.execute(sa.select(sa.func.count(), sa.func.max(rules.c.changed_at))).one()
    return int(row[0]), row[1]


def existing(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those that there still are."""
    found: set[str] = set()
    for first in range(0, len(ids), _BATCH):
        found.update(
            connection.execute(sa.select(rules.c.id).where(rules.c.id.in_(ids[first : first + _BATCH]))).scalars()
        )
    return found


def has_nodata(connection: Connection, machine_id: str) -> bool:
    here = (rules.c.machine_id == machine_id) & (rules.c.metric == NODATA)
    return connection.execute(sa.select(rules.c.id).where(here).limit(1)).first() is not None


def delete(connection: Connection, rule_id: str) -> None:
    """With its alerts and what was still to be said of them."""
    connection.execute(sa.delete(rules).where(rules.c.id == rule_id))


def delete_of_machine(connection: Connection, machine_id: str) -> int:
    """How many there were."""
    return connection.execute(sa.delete(rules).where(rules.c.machine_id == machine_id)).rowcount


def _all(connection: Connection, where: sa.ColumnElement[bool]) -> list[Rule]:
    query = sa.select(*_SHOWN).where(where).order_by(rules.c.name, rules.c.id)
    return [_rule(row) for row in connection.execute(query)]


def _rule(row: Sequence[Any]) -> Rule:
    return msgspec.convert(dict(zip(Rule.__struct_fields__, row, strict=True)), Rule)


def _row(rule: Rule) -> dict[str, Any]:
    return msgspec.structs.asdict(rule)
