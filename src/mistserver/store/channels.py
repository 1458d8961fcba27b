"""Channels that alerts are told on, with their sealed URLs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mistserver.domain.alert import Channel
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.tables import channels

_SHOWN = [channels.c[name] for name in Channel.__struct_fields__]


class StoredChannel(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    channel: Channel
    secret: bytes


def insert(connection: Connection, account_id: str, channel: Channel, secret: bytes) -> None:
    """Keep a new one; the caller has looked for one of the same name in this transaction."""
    row = {**msgspec.structs.asdict(channel), "account_id": account_id, "secret": secret}
    connection.execute(sa.insert(channels).values(row))


def get(connection: Connection, account_id: str, channel_id: str) -> StoredChannel | None:
    return _one(connection, (channels.c.account_id == account_id) & (channels.c.id == channel_id))


def by_name(connection: Connection, account_id: str, name: str) -> StoredChannel | None:
    return _one(connection, (channels.c.account_id == account_id) & (channels.c.name == name))


def stored(connection: Connection, channel_id: str) -> StoredChannel | None:
    """Whatever the account."""
    return _one(connection, channels.c.id == channel_id)


def page(connection: Connection, account_id: str, limit: int, cursor: str | None) -> Page[Channel]:
    """Channels by name, which is unique in an account."""
    query = sa.select(*_SHOWN).where(channels.c.account_id == account_id).order_by(channels.c.name).limit(limit + 1)
    if cursor is not None:
        query = query.where(channels.c.name > decode_cursor(cursor, tuple[str])[0])
    return cut([_channel(row) for row in connection.execute(query)], limit, lambda channel: (channel.name,))


def all_of(connection: Connection, account_id: str) -> list[Channel]:
    query = sa.select(*_SHOWN).where(channels.c.account_id == account_id).order_by(channels.c.name)
    return [_channel(row) for row in connection.execute(query)]


def ids(connection: Connection) -> dict[str, list[str]]:
    """The channels of every account."""
    found: dict[str, list[str]] = {}
    for account_id, channel_id in connection.execute(sa.select(channels.c.account_id, channels.c.id)):
        found.setdefault(account_id, []).append(channel_id)
    return found


def delete(connection: Connection, channel_id: str) -> None:
    """With what it was still to be told."""
    connection.execute(sa.delete(channels).where(channels.c.id == channel_id))


def took(connection: Connection, channel_id: str, at: datetime) -> None:
    values = {"sent_at": at, "failing_since": None, "trouble": None}
    connection.execute(sa.update(channels).where(channels.c.id == channel_id).values(values))


def fails(connection: Connection, channel_id: str, trouble: str, at: datetime) -> None:
    since = sa.func.coalesce(channels.c.failing_since, sa.literal(at, channels.c.failing_since.type))
    values = {"trouble": trouble, "failing_since": since}
    connection.execute(sa.update(channels).where(channels.c.id == channel_id).values(values))


def _one(connection: Connection, where: sa.ColumnElement[bool]) -> StoredChannel | None:
    row = connection.execute(sa.select(*_SHOWN, channels.c.account_id, channels.c.secret).where(where)).one_or_none()
    if row is None:
        return None
    fields: dict[str, Any] = dict(row._mapping)
    account_id, secret = fields.pop("account_id"), fields.pop("secret")
    return StoredChannel(account_id=account_id, secret=secret, channel=Channel(**fields))


def _channel(row: Row[Any]) -> Channel:
    return Channel(**row._mapping)
