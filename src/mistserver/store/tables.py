"""Every table of the product. The jobs engine keeps its own beside them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mistserver.store.types import Json, Utc

metadata = MetaData()

_Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only INTEGER PRIMARY KEY


def _id() -> Column[str]:
    return Column("id", String(22), primary_key=True)


def _account() -> Column[str]:
    return Column("account_id", String(22), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False)


def _of(table: str, column: str, *, primary: bool = False) -> Column[str]:
    target = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(column, String(22), target, primary_key=primary, nullable=False)


meta = Table("meta", metadata, Column("name", String(64), primary_key=True), Column("value", LargeBinary, nullable=False))

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("inventory_version", BigInteger, nullable=False, server_default="0"),  # grows with each change of machines
)

users = Table(
    "users",
    metadata,
    _id(),
    _account(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _account(),
    _of("users", "user_id"),
    Column("name", Text, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("last_used_at", Utc),
)

attempts = Table(  # failed sign-ins, by user and by address
    "attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Utc, nullable=False),
)

backends = Table(
    "backends",
    metadata,
    _id(),
    _account(),
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
    _of("backends", "backend_id", primary=True),
    Column("image_id", Text, primary_key=True),
    Column("starred", Boolean, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _account(),
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
    _id(),
    _account(),
    _of("backends", "backend_id"),
    Column("external_id", Text),  # null between the asking and the provider's answer
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("public_ips", Json, nullable=False),
    Column("private_ips", Json, nullable=False),
    Column("size", Text),
    Column("image", Text),
    Column("location", Text),
    Column("native_tags", Json, nullable=False),
    Column("actions", Json, nullable=False),
    Column("ssh_host", Text),
    Column("ssh_port", Integer),
    Column("extra", Json, nullable=False),
    Column("mark", String(64)),
    Column("created_at", Utc),
    Column("seen_at", Utc),  # null: the newest good reading of its backend showed it
    Column("pending_until", Utc),  # a reading without it removes it only after this time
    Column("digest", String(32), nullable=False, server_default=""),  # of what was read; "" has the next reading write
    Column("touched_at", Utc),  # a reading that began before this does not change it
    Column("destroyed_at", Utc),  # hidden; a reading that began later decides whether it is gone
    UniqueConstraint("backend_id", "external_id"),
    Index("machines_by_name", "account_id", "name"),
)

tags = Table(  # tags kept by Mist; those kept by the provider are machines.native_tags
    "tags",
    metadata,
    _of("machines", "machine_id", primary=True),
    Column("tag", Text, primary_key=True),
)

associations = Table(
    "associations",
    metadata,
    _of("machines", "machine_id", primary=True),
    _of("keys", "key_id", primary=True),
    Column("host", Text),  # null: the machine's own address
    Column("user", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("sudo", Boolean, nullable=False),
    Column("last_success_at", Utc),
)

host_keys = Table(  # owner: a machine, a backend (its hypervisor) or "jump:<backend>"
    "host_keys",
    metadata,
    _account(),
    Column("owner", String(64), primary_key=True),
    Column("host", Text, primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("algorithm", String(64), primary_key=True),
    Column("public", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("first_seen_at", Utc, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    _account(),
    Column("kind", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("subject_type", String(32)),
    Column("subject_id", String(64)),
    Column("params", Json, nullable=False),
    Column("secret", LargeBinary),  # sealed JSON: scripts, user data
    Column("user_id", String(22), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("request_id", Text),
    Column("created_at", Utc, nullable=False),
    Column("started_at", Utc),
    Column("finished_at", Utc),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("result", Json),
    Column("error", Json),
    Column("cancel_requested", Boolean, nullable=False),
    Index("jobs_by_time", "account_id", "created_at"),
    Index("jobs_by_state", "state"),
)

job_steps = Table(
    "job_steps",
    metadata,
    _of("jobs", "job_id", primary=True),
    Column("seq", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Utc),
    Column("finished_at", Utc),
    Column("detail", Text, nullable=False),
)

job_items = Table(
    "job_items",
    metadata,
    _of("jobs", "job_id", primary=True),
    Column("machine_id", String(22), primary_key=True),
    Column("machine_name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("exit_code", Integer),
    Column("user", Text),
    Column("started_at", Utc),
    Column("finished_at", Utc),
    Column("stdout_bytes", BigInteger, nullable=False),
    Column("stderr_bytes", BigInteger, nullable=False),
    Column("error", Json),
)

job_output = Table(
    "job_output",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _of("jobs", "job_id"),
    Column("machine_id", String(22), nullable=False),
    Column("stream", String(8), nullable=False),
    Column("data", Text, nullable=False),
    Index("job_output_by_job", "job_id", "seq"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _account(),
    Column("kind", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject_type", String(32)),
    Column("subject_id", String(64)),
    Column("subject_name", Text),
    Column("outcome", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("details", Json, nullable=False),
    Column("job_id", String(22)),
    Column("request_id", Text),
    Index("events_by_account", "account_id", "seq"),
    sqlite_autoincrement=True,
)

idempotency = Table(  # answers to creates, by the key that the caller sent
    "idempotency",
    metadata,
    Column(
        "account_id", String(22), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
)

tickets = Table(  # one-use passes for a WebSocket, bound to user and machine
    "tickets",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account(),
    _of("users", "user_id"),
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
