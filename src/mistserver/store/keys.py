"""SSH keys at rest: the record that everyone may see, and beside it the sealed private half."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.key import Key
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.tables import keys

_SHOWN = [keys.c[name] for name in Key.__struct_fields__]


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its sealed private half."""

    account_id: str
    key: Key
    secret: bytes

    @property
    def id(self) -> str:
        return self.key.id


def insert(connection: Connection, stored: StoredKey) -> None:
    """Keep a new key; the caller has looked for one of the same name in this transaction."""
    values = {**msgspec.structs.asdict(stored.key), "account_id": stored.account_id, "secret": stored.secret}
    connection.execute(sa.insert(keys).values(values))


def get(connection: Connection, account_id: str, key_id: str) -> StoredKey | None:
    """One key of the account."""
    return _one(connection, account_id, keys.c.id == key_id)


def by_name(connection: Connection, account_id: str, name: str) -> StoredKey | None:
    """The key with exactly this name."""
    return _one(connection, account_id, keys.c.name == name)


def named(connection: Connection, account_id: str, name_or_id: str) -> StoredKey | None:
    """The key with this id or, failing that, this name."""
    return get(connection, account_id, name_or_id) or by_name(connection, account_id, name_or_id)


def default(connection: Connection, account_id: str) -> StoredKey | None:
    """The default key; there is one as soon as there is any key."""
    return _one(connection, account_id, keys.c.is_default)


def all_of(connection: Connection, account_id: str) -> list[Key]:
    """All keys by name."""
    query = sa.select(*_SHOWN).where(keys.c.account_id == account_id).order_by(keys.c.name, keys.c.id)
    return [Key(**row._mapping) for row in connection.execute(query)]


def page(connection: Connection, account_id: str, limit: int, cursor: str | None) -> Page[Key]:
    """Keys by name."""
    query = sa.select(*_SHOWN).where(keys.c.account_id == account_id)
    if cursor is not None:
        after = decode_cursor(cursor, tuple[str, str])
        query = query.where(sa.tuple_(keys.c.name, keys.c.id) > sa.tuple_(*map(sa.literal, after)))
    rows = connection.execute(query.order_by(keys.c.name, keys.c.id).limit(limit + 1))
    return cut([Key(**row._mapping) for row in rows], limit, lambda item: (item.name, item.id))


def rename(connection: Connection, key_id: str, name: str) -> None:
    connection.execute(sa.update(keys).where(keys.c.id == key_id).values(name=name))


def set_default(connection: Connection, account_id: str, key_id: str) -> None:
    """Make this key the only default."""
    chosen = sa.case((keys.c.id == key_id, sa.true()), else_=sa.false())
    connection.execute(sa.update(keys).where(keys.c.account_id == account_id).values(is_default=chosen))


def delete(connection: Connection, account_id: str, key_id: str) -> None:
    """Remove a key and its associations; if it was the default, the oldest one left becomes it."""
    connection.execute(sa.delete(keys).where(keys.c.id == key_id))
    if default(connection, account_id) is None:
        oldest = sa.select(keys.c.id).where(keys.c.account_id == account_id).order_by(keys.c.created_at, keys.c.id)
        successor = connection.execute(oldest.limit(1)).scalar_one_or_none()
        if successor is not None:
            set_default(connection, account_id, successor)


def _one(connection: Connection, account_id: str, where: sa.ColumnElement[bool]) -> StoredKey | None:
    query = sa.select(*_SHOWN, keys.c.account_id, keys.c.secret).where(keys.c.account_id == account_id, where)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    fields: dict[str, Any] = dict(row._mapping)
    return StoredKey(account_id=fields.pop("account_id"), secret=fields.pop("secret"), key=Key(**fields))
