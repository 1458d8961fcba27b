"""The machines that rules are about: every one that is monitored, with its tags."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.tables import machines, monitoring, tags


class Target(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    account_id: str
    name: str
    tags: frozenset[str]
    enabled_at: datetime


def every(connection: Connection) -> list[Target]:
    """Of every account, by id."""
    kept: dict[str, list[str]] = {}
    with_tags = sa.select(tags.c.machine_id, tags.c.tag).join(monitoring, monitoring.c.machine_id == tags.c.machine_id)
    for machine_id, tag in connection.execute(with_tags):
        kept.setdefault(machine_id, []).append(tag)
    columns = (machines.c.id, machines.c.account_id, machines.c.name, machines.c.native_tags, monitoring.c.enabled_at)
    query = sa.select(*columns).join(monitoring, monitoring.c.machine_id == machines.c.id)
    rows = connection.execute(query.where(machines.c.destroyed_at.is_(None)).order_by(machines.c.id))
    return [
        Target(
            id=id,
            account_id=account_id,
            name=name,
            tags=frozenset([*_native(native_tags), *kept.get(id, [])]),
            enabled_at=enabled_at,
        )
        for id, account_id, name, native_tags, enabled_at in rows
    ]


def _native(text: str) -> list[str]:
    return msgspec.json.decode(text, type=list[str]) if text and text != "[]" else []
