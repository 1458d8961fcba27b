"""Backends at rest: the record that everyone may see, and beside it the sealed settings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mistserver.domain.backend import Backend, JumpHost, Trouble
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.host_keys import backend_owner, jump_owner
from mistserver.store.tables import backends, host_keys, machines

_FEW = 500  # ids that go into one statement; more are picked from all of the account's rows


class StoredBackend(msgspec.Struct, frozen=True, kw_only=True):
    """A backend with what is needed to talk to its provider.

    `secret` is the sealed JSON of the secret settings, `identity` the keyed hash of what makes two backends the same.
    """

    account_id: str
    backend: Backend
    ca_pem: str | None
    secret: bytes
    identity: str

    @property
    def id(self) -> str:
        return self.backend.id

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def access(self) -> str:
        """Differs whenever the credentials were replaced: nothing is sealed twice in the same way."""
        return self.secret[-16:].hex()


def insert(connection: Connection, stored: StoredBackend) -> None:
    """Keep a new backend; the caller has looked for one of the same name or identity in this transaction."""
    shown = stored.backend
    connection.execute(
        sa.insert(backends).values(
            id=shown.id,
            account_id=stored.account_id,
            name=shown.name,
            enabled=shown.enabled,
            created_at=shown.created_at,
            **_changeable(stored),
        )
    )


def replace_access(connection: Connection, stored: StoredBackend) -> None:
    """Keep other settings, credentials, region or endpoint of a backend; what its last reading said is forgotten."""
    values = {**_changeable(stored), "trouble": None}
    connection.execute(sa.update(backends).where(backends.c.id == stored.id).values(values))


def update(connection: Connection, backend_id: str, **changes: Any) -> None:
    """Set some of `name`, `enabled`, `address_use`, `jump`, `settings` (without secret ones)."""
    connection.execute(sa.update(backends).where(backends.c.id == backend_id).values(changes))


def delete(connection: Connection, backend_id: str) -> None:
    """Remove a backend with its machines, their tags and associations, and the host keys of all of them."""
    owned = sa.select(machines.c.id).where(machines.c.backend_id == backend_id)
    forget_host_keys(connection, backend_id)
    connection.execute(sa.delete(host_keys).where(host_keys.c.owner.in_(owned)))
    connection.execute(sa.delete(backends).where(backends.c.id == backend_id))


def forget_host_keys(connection: Connection, backend_id: str) -> None:
    """Forget the host keys of a backend itself (hypervisor, jump host), not those of its machines."""
    own = (backend_owner(backend_id), jump_owner(backend_id))
    connection.execute(sa.delete(host_keys).where(host_keys.c.owner.in_(own)))


def get(connection: Connection, account_id: str, backend_id: str) -> StoredBackend | None:
    """One backend of the account."""
    return _one(connection, backends.c.account_id == account_id, backends.c.id == backend_id)


def many(connection: Connection, account_id: str, ids: Collection[str]) -> list[StoredBackend]:
    """Those of the account among the ids, in no order."""
    mine = sa.select(backends).where(backends.c.account_id == account_id)
    if len(ids) <= _FEW:
        return [_stored(row) for row in connection.execute(mine.where(backends.c.id.in_(ids)))]
    return [_stored(row) for row in connection.execute(mine) if row.id in ids]


def by_name(connection: Connection, account_id: str, name: str) -> StoredBackend | None:
    """The backend with exactly this name."""
    return _one(connection, backends.c.account_id == account_id, backends.c.name == name)


def by_identity(connection: Connection, account_id: str, identity: str) -> StoredBackend | None:
    """The backend with the same credentials."""
    return _one(connection, backends.c.account_id == account_id, backends.c.identity == identity)


def names(connection: Connection, account_id: str) -> set[str]:
    """All names in use."""
    return set(connection.execute(sa.select(backends.c.name).where(backends.c.account_id == account_id)).scalars())


def all_of(connection: Connection, account_id: str | None) -> list[StoredBackend]:
    """All backends of an account by name; of every account with None."""
    where = sa.true() if account_id is None else backends.c.account_id == account_id
    rows = connection.execute(sa.select(backends).where(where).order_by(backends.c.name, backends.c.id))
    return [_stored(row) for row in rows]


def page(connection: Connection, account_id: str, limit: int, cursor: str | None) -> Page[Backend]:
    """Backends by name."""
    query = sa.select(backends).where(backends.c.account_id == account_id)
    if cursor is not None:
        after = decode_cursor(cursor, tuple[str, str])
        query = query.where(sa.tuple_(backends.c.name, backends.c.id) > sa.tuple_(*map(sa.literal, after)))
    rows = connection.execute(query.order_by(backends.c.name, backends.c.id).limit(limit + 1))
    return cut([_stored(row).backend for row in rows], limit, lambda item: (item.name, item.id))


def record_reading(connection: Connection, backend_id: str, read_at: datetime) -> None:
    """Note a good reading."""
    connection.execute(sa.update(backends).where(backends.c.id == backend_id).values(read_at=read_at, trouble=None))


def record_trouble(connection: Connection, backend_id: str, trouble: Trouble) -> None:
    """Note a failed reading; what the last good one said stays."""
    connection.execute(sa.update(backends).where(backends.c.id == backend_id).values(trouble=trouble))


def _one(connection: Connection, *where: sa.ColumnElement[bool]) -> StoredBackend | None:
    row = connection.execute(sa.select(backends).where(*where)).one_or_none()
    return None if row is None else _stored(row)


def _changeable(stored: StoredBackend) -> dict[str, Any]:
    shown = stored.backend
    return {
        "provider": shown.provider,
        "provider_label": shown.provider_label,
        "region": shown.region,
        "endpoint": shown.endpoint,
        "ca_pem": stored.ca_pem,
        "settings": shown.settings,
        "secret": stored.secret,
        "identity": stored.identity,
        "address_use": shown.address_use,
        "jump": shown.jump_host,
    }


def _stored(row: Row[Any]) -> StoredBackend:
    trouble = None if row.trouble is None else msgspec.convert(row.trouble, Trouble)
    shown = Backend(
        id=row.id,
        name=row.name,
        provider=row.provider,
        provider_label=row.provider_label,
        region=row.region,
        endpoint=row.endpoint,
        settings=row.settings,
        enabled=row.enabled,
        state="offline" if not row.enabled else "error" if trouble else "online",
        address_use=row.address_use,
        jump_host=None if row.jump is None else msgspec.convert(row.jump, JumpHost),
        created_at=row.created_at,
        read_at=row.read_at,
        trouble=trouble,
    )
    return StoredBackend(
        account_id=row.account_id, backend=shown, ca_pem=row.ca_pem, secret=row.secret, identity=row.identity
    )
