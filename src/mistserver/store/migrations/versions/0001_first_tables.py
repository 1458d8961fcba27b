"""The tables of the first version, as they were then: what the tables became since stands in later migrations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTING = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _accounts()
    _backends_and_keys()
    _machines()
    _jobs()
    _job_results()
    _events()
    _service()


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _id() -> sa.Column[str]:
    return _key("id", sa.String(22))


def _of(table: str, column: str, **more: Any) -> sa.Column[str]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column, sa.String(22), target, nullable=False, **more)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _word(name: str, length: int, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _sealed(name: str, *, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _accounts() -> None:
    op.create_table(
        "accounts",
        *(_id(), _text("name"), _moment("created_at")),
        sa.Column("inventory_version", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "users",
        _id(),
        _of("accounts", "account_id"),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        _text("name"),
        _word("role", 16),
        _text("password_hash"),
        _moment("created_at"),
    )
    op.create_table(
        "tokens",
        _id(),
        _of("accounts", "account_id"),
        _of("users", "user_id"),
        _text("name"),
        _word("scope", 16),
        _word("kind", 16),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        _moment("created_at"),
        _moment("expires_at", null=True),
        _moment("last_used_at", null=True),
    )
    op.create_index("tokens_by_user", "tokens", ["user_id"])
    op.create_table("attempts", _key("subject", sa.Text), _number("failures"), _moment("last_at"))
    op.create_table(
        "idempotency",
        _of("accounts", "account_id", primary_key=True),
        _key("key", sa.String(255)),
        _word("request_hash", 64),
        _text("answer"),
        _moment("created_at"),
    )


def _backends_and_keys() -> None:
    op.create_table(
        "backends",
        _id(),
        _of("accounts", "account_id"),
        _text("name"),
        _word("provider", 64),
        _text("provider_label"),
        _text("region", null=True),
        _text("endpoint", null=True),
        _text("ca_pem", null=True),
        _text("settings"),
        _sealed("secret"),
        _word("identity", 64),
        _flag("enabled"),
        _word("address_use", 16),
        _text("jump", null=True),
        _moment("created_at"),
        _moment("read_at", null=True),
        _text("trouble", null=True),
        sa.UniqueConstraint("account_id", "name"),
        sa.UniqueConstraint("account_id", "identity"),
    )
    op.create_table(
        "stars", _of("backends", "backend_id", primary_key=True), _key("image_id", sa.Text), _flag("starred")
    )
    op.create_table(
        "keys",
        _id(),
        _of("accounts", "account_id"),
        _text("name"),
        _word("algorithm", 64),
        _number("bits"),
        _text("public"),
        _text("fingerprint"),
        _sealed("secret"),
        _flag("is_default"),
        _moment("created_at"),
        sa.UniqueConstraint("account_id", "name"),
    )


def _machines() -> None:
    op.create_table(
        "machines",
        _id(),
        _of("accounts", "account_id"),
        _of("backends", "backend_id"),
        _text("external_id", null=True),
        _text("name"),
        _word("state", 16),
        _text("reading"),
        _text("addresses"),
        _text("native_tags"),
        _word("mark", 64, null=True),
        _moment("seen_at", null=True),
        _moment("pending_until", null=True),
        _moment("touched_at", null=True),
        _moment("destroyed_at", null=True),
        sa.UniqueConstraint("backend_id", "external_id"),
    )
    op.create_index("machines_by_name", "machines", ["account_id", "name", "id"])
    op.create_table("tags", _of("machines", "machine_id", primary_key=True), _key("tag", sa.Text))
    op.create_table(
        "associations",
        _of("machines", "machine_id", primary_key=True),
        _of("keys", "key_id", primary_key=True),
        _text("host", null=True),
        _text("user"),
        _number("port"),
        _flag("sudo"),
        _moment("last_success_at", null=True),
    )
    op.create_table(
        "host_keys",
        _of("accounts", "account_id"),
        _key("owner", sa.String(64)),
        _key("host", sa.Text),
        _key("port", sa.Integer),
        _key("algorithm", sa.String(64)),
        _text("public"),
        _text("fingerprint"),
        _moment("first_seen_at"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id(),
        _of("accounts", "account_id"),
        _word("kind", 64),
        _word("state", 16),
        _text("title"),
        _word("subject_type", 32, null=True),
        _word("subject_id", 64, null=True),
        _text("subject_name", null=True),
        _word("dedup", 128, null=True),
        _text("params"),
        _sealed("secret", null=True),
        _word("user_id", 22),
        _text("created_by"),
        _text("request_id", null=True),
        _moment("created_at"),
        _moment("started_at", null=True),
        _moment("finished_at", null=True),
        _number("total"),
        _number("done"),
        _number("failed"),
        _text("result", null=True),
        _text("error", null=True),
        _flag("cancel_requested"),
        sa.UniqueConstraint("account_id", "dedup"),
    )
    op.create_index("jobs_by_time", "jobs", ["account_id", "created_at"])
    op.create_index("jobs_by_state", "jobs", ["state"])


def _job_results() -> None:
    op.create_table(
        "job_steps",
        _of("jobs", "job_id", primary_key=True),
        _key("seq", sa.Integer),
        _text("name"),
        _word("state", 16),
        _moment("started_at", null=True),
        _moment("finished_at", null=True),
        _text("detail"),
    )
    op.create_table(
        "job_items",
        _of("jobs", "job_id", primary_key=True),
        _key("machine_id", sa.String(22)),
        _text("machine_name"),
        _number("position"),
        _word("state", 16),
        _number("exit_code", null=True),
        _text("user", null=True),
        _moment("started_at", null=True),
        _moment("finished_at", null=True),
        sa.Column("stdout_bytes", sa.BigInteger, nullable=False),
        sa.Column("stderr_bytes", sa.BigInteger, nullable=False),
        _text("error", null=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "job_output",
        sa.Column("seq", _COUNTING, primary_key=True, autoincrement=True),
        _of("jobs", "job_id"),
        _word("machine_id", 22),
        _word("stream", 8),
        _text("data"),
        sqlite_autoincrement=True,
    )
    op.create_index("job_output_by_job", "job_output", ["job_id", "seq"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _COUNTING, primary_key=True, autoincrement=True),
        _of("accounts", "account_id"),
        _word("kind", 64),
        _moment("at"),
        _text("actor"),
        _word("subject_type", 32, null=True),
        _word("subject_id", 64, null=True),
        _text("subject_name", null=True),
        _word("outcome", 16),
        _text("message"),
        _text("details"),
        _word("job_id", 22, null=True),
        _text("request_id", null=True),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_account", "events", ["account_id", "seq"])


def _service() -> None:
    op.create_table("meta", _key("name", sa.String(64)), _sealed("value"))
    op.create_table(
        "tickets",
        _key("hash", sa.String(64)),
        _of("accounts", "account_id"),
        _of("users", "user_id"),
        _word("token_id", 22),
        _word("machine_id", 22),
        _text("purpose"),
        _moment("expires_at"),
    )
    op.create_table("leases", _key("name", sa.String(64)), _word("holder", 64), _moment("expires_at"))
    op.create_table("services", _key("executor_id", sa.String(64)), _moment("started_at"), _moment("beat_at"))
