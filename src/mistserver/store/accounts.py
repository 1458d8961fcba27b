"""Accounts: the tenants of a service."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.account import Account
from mistserver.store.tables import accounts, machines

_COLUMNS = (accounts.c.id, accounts.c.name, accounts.c.created_at)


def insert(connection: Connection, account: Account) -> None:
    row = {"id": account.id, "name": account.name, "created_at": account.created_at}
    connection.execute(sa.insert(accounts).values(row))


def get(connection: Connection, account_id: str) -> Account | None:
    row = connection.execute(sa.select(*_COLUMNS).where(accounts.c.id == account_id)).one_or_none()
    return None if row is None else Account(**row._mapping)


def any_exists(connection: Connection) -> bool:
    """Whether the service has been claimed."""
    return connection.execute(sa.select(accounts.c.id).limit(1)).first() is not None


def count_machines(connection: Connection, account_id: str) -> int:
    mine = machines.c.account_id == account_id, machines.c.destroyed_at.is_(None)
    return int(connection.execute(sa.select(sa.func.count()).select_from(machines).where(*mine)).scalar_one())
