"""The passwords with which machines sign or encrypt the packets of their own collectd."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from mistserver.store.tables.columns import account, metadata, of

collectd_passwords = Table(
    "collectd_passwords",
    metadata,
    of("machines", "machine_id", primary=True),
    account(),
    Column("secret", LargeBinary, nullable=False),  # what is checked with it needs the password itself
)
