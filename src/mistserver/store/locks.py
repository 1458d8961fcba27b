"""Serialises the writers of one account, so that what one looked for another does not add meanwhile."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.tables import accounts


def lock_account(connection: Connection, account_id: str) -> None:
    """Hold the account's row until the end of the transaction; SQLite has one writer anyway."""
    connection.execute(sa.select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))
