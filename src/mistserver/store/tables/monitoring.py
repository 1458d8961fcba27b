"""Which machines are monitored, and which of their metrics are shown."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from mistserver.store.tables.columns import account, identity, metadata, of
from mistserver.store.types import Json, Utc

monitoring = Table(
    "monitoring",
    metadata,
    of("machines", "machine_id", primary=True),
    account(),
    Column("way", String(16), nullable=False),
    Column("secret_hash", String(64), nullable=False),  # of the password with which the machine sends
    Column("enabled_at", Utc, nullable=False),
    Column("installed_at", Utc),
    Column("interval_s", Integer, nullable=False, server_default="10"),
    Column("tunnel_port", Integer),  # on the machine's loopback; leads to this service
    Column("collectd_has", Json),  # names of plugins
    Column("collectd_loads", Json),  # names of plugins that users added
)

metrics = Table(
    "metrics",
    metadata,
    of("machines", "machine_id", primary=True),
    Column("metric_id", String(255), primary_key=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("added_at", Utc, nullable=False),
)

plugins = Table(
    "plugins",
    metadata,
    identity(),
    account(),
    of("machines", "machine_id"),
    Column("plugin_id", String(128), nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("value_type", String(16), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # the file, which may hold passwords
    Column("changed_at", Utc, nullable=False),
    Column("trouble", Text),  # why it is not run any more
    UniqueConstraint("machine_id", "plugin_id"),
)
