"""Silences: until when which alerts tell nobody and do nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.alert import Silence
from mistserver.store.tables import silences

_SHOWN = [silences.c[name] for name in Silence.__struct_fields__]


def insert(connection: Connection, account_id: str, silence: Silence) -> None:
    connection.execute(sa.insert(silences).values({**msgspec.structs.asdict(silence), "account_id": account_id}))


def get(connection: Connection, account_id: str, silence_id: str) -> Silence | None:
    here = (silences.c.account_id == account_id) & (silences.c.id == silence_id)
    row = connection.execute(sa.select(*_SHOWN).where(here)).one_or_none()
    return None if row is None else Silence(**row._mapping)


def all_of(connection: Connection, account_id: str, at: datetime) -> list[Silence]:
    """Those that still hold, by their end."""
    here = (silences.c.account_id == account_id) & (silences.c.ends_at > at)
    rows = connection.execute(sa.select(*_SHOWN).where(here).order_by(silences.c.ends_at, silences.c.id))
    return [Silence(**row._mapping) for row in rows]


def in_force(connection: Connection, at: datetime) -> dict[str, list[Silence]]:
    """Of every account."""
    found: dict[str, list[Silence]] = {}
    rows = connection.execute(sa.select(silences.c.account_id, *_SHOWN).where(silences.c.ends_at > at))
    for row in rows:
        fields = dict(row._mapping)
        found.setdefault(fields.pop("account_id"), []).append(Silence(**fields))
    return found


def delete(connection: Connection, silence_id: str) -> None:
    connection.execute(sa.delete(silences).where(silences.c.id == silence_id))


def trim(connection: Connection, before: datetime) -> int:
    """Forget those that ended before; how many went."""
    return connection.execute(sa.delete(silences).where(silences.c.ends_at < before)).rowcount
