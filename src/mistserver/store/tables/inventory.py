"""Backends, keys and machines, and what connects them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mistserver.store.tables.columns import account, identity, metadata, of
from mistserver.store.types import Json, Utc

backends = Table(
    "backends",
    metadata,
    identity(),
    account(),
    Column("name", Text, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("provider_label", Text, nullable=False),
    Column("region", Text),
    Column("endpoint", Text),
    Column("ca_pem", Text),
    Column("settings", Json, nullable=False),  # without secret ones
    Column("secret", LargeBinary, nullable=False),  # the secret ones, sealed
    Column("identity", String(64), nullable=False),  # keyed hash of what makes two backends the same
    Column("enabled", Boolean, nullable=False),
    Column("address_use", String(16), nullable=False),
    Column("jump", Json),
    Column("created_at", Utc, nullable=False),
    Column("read_at", Utc),
    Column("trouble", Json),
    UniqueConstraint("account_id", "name"),
    UniqueConstraint("account_id", "identity"),
)

stars = Table(
    "stars",
    metadata,
    of("backends", "backend_id", primary=True),
    Column("image_id", Text, primary_key=True),
    Column("starred", Boolean, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    identity(),
    account(),
    Column("name", Text, nullable=False),
    Column("algorithm", String(64), nullable=False),
    Column("bits", Integer, nullable=False),
    Column("public", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # the private half, sealed
    Column("is_default", Boolean, nullable=False),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("account_id", "name"),
)

machines = Table(
    "machines",
    metadata,
    identity(),
    account(),
    of("backends", "backend_id"),
    Column("external_id", Text),  # null between the asking and the provider's answer
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reading", Text, nullable=False),  # JSON of what the provider said, as listings show it
    Column("addresses", Text, nullable=False),  # all of them, for searching
    Column("native_tags", Text, nullable=False),  # JSON
    Column("mark", String(64)),
    Column("seen_at", Utc),  # null: the newest good reading of its backend showed it
    Column("pending_until", Utc),  # a reading without it removes it only after this time
    Column("touched_at", Utc),  # a reading that began before this does not change it
    Column("destroyed_at", Utc),  # hidden; a reading that began later decides whether it is gone
    UniqueConstraint("backend_id", "external_id"),
    Index("machines_by_name", "account_id", "name", "id"),
)

tags = Table(  # tags kept by Mist; those kept by the provider are machines.native_tags
    "tags",
    metadata,
    of("machines", "machine_id", primary=True),
    Column("tag", Text, primary_key=True),
)

associations = Table(
    "associations",
    metadata,
    of("machines", "machine_id", primary=True),
    of("keys", "key_id", primary=True),
    Column("host", Text),  # null: the machine's own address
    Column("user", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("sudo", Boolean, nullable=False),
    Column("last_success_at", Utc),
)

host_keys = Table(  # owner: a machine, a backend (its hypervisor) or "jump:<backend>"
    "host_keys",
    metadata,
    account(),
    Column("owner", String(64), primary_key=True),
    Column("host", Text, primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("algorithm", String(64), primary_key=True),
    Column("public", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("first_seen_at", Utc, nullable=False),
)
