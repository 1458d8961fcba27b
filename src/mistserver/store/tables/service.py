"""What the running services keep for themselves."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, String, Table

from mistserver.store.tables.columns import account, metadata, of
from mistserver.store.types import Json, Utc

meta = Table(
    "meta", metadata, Column("name", String(64), primary_key=True), Column("value", LargeBinary, nullable=False)
)

tickets = Table(  # one-use passes for a WebSocket, bound to user and machine
    "tickets",
    metadata,
    Column("hash", String(64), primary_key=True),
    account(),
    of("users", "user_id"),
    Column("token_id", String(22), nullable=False),
    Column("machine_id", String(22), nullable=False),
    Column("purpose", Json, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

leases = Table(  # which service does which loop
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Utc, nullable=False),
)

services = Table(  # the running services, by heartbeat
    "services",
    metadata,
    Column("executor_id", String(64), primary_key=True),
    Column("started_at", Utc, nullable=False),
    Column("beat_at", Utc, nullable=False),
)
