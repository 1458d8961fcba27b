"""Who uses the service, and what proves it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from mistserver.store.tables.columns import account, identity, metadata, of
from mistserver.store.types import Json, Utc

accounts = Table(
    "accounts",
    metadata,
    identity(),
    Column("name", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("inventory_version", BigInteger, nullable=False, server_default="0"),  # grows with each change of machines
)

users = Table(
    "users",
    metadata,
    identity(),
    account(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    identity(),
    account(),
    of("users", "user_id"),
    Column("name", Text, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("last_used_at", Utc),
    Index("tokens_by_user", "user_id"),
)

attempts = Table(  # failed sign-ins, by user and by address
    "attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Utc, nullable=False),
)

idempotency = Table(  # answers to creates, by the key that the caller sent
    "idempotency",
    metadata,
    Column("account_id", String(22), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
)
