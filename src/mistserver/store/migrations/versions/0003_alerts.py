"""Rules on metrics, the incidents that they make, and who is told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNTING = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _rules()
    _alerts()
    op.create_table(
        "channels",
        _identity(),
        _part_of("accounts", "account_id"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("trouble", sa.Text),
        sa.Column("sent_at", sa.BigInteger),
        sa.UniqueConstraint("account_id", "name"),
    )
    op.create_table(
        "silences",
        _identity(),
        _part_of("accounts", "account_id"),
        _perhaps_of("rules", "rule_id"),
        _perhaps_of("machines", "machine_id"),
        sa.Column("tag", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    _messages()


def _rules() -> None:
    op.create_table(
        "rules",
        _identity(),
        _part_of("accounts", "account_id"),
        sa.Column("name", sa.Text, nullable=False),
        _perhaps_of("machines", "machine_id"),
        sa.Column("tag", sa.Text),
        sa.Column("metric", sa.String(255), nullable=False),
        sa.Column("operator", sa.String(8), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("aggregate", sa.String(8), nullable=False),
        sa.Column("window_s", sa.Integer, nullable=False),
        sa.Column("for_s", sa.Integer, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("command", sa.Text),
        sa.Column("script", sa.LargeBinary),
        sa.Column("sudo", sa.Boolean, nullable=False),
        sa.Column("allow_destroy", sa.Boolean, nullable=False),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("reminder_offset_s", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("user_id", sa.String(22), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("rules_by_name", "rules", ["account_id", "name", "id"])


def _alerts() -> None:
    op.create_table(
        "alerts",
        _identity(),
        _part_of("accounts", "account_id"),
        _part_of("rules", "rule_id"),
        sa.Column("rule_name", sa.Text, nullable=False),
        sa.Column("machine_id", sa.String(22), nullable=False),
        sa.Column("machine_name", sa.Text, nullable=False),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("fired_at", sa.BigInteger),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("act", sa.Boolean, nullable=False),
        sa.Column("job_id", sa.String(22)),
        sa.Column("trouble", sa.Text),
    )
    op.create_index("alerts_by_state", "alerts", ["state", "account_id"])
    op.create_index("alerts_by_age", "alerts", ["account_id", "since", "id"])


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", _COUNTING, primary_key=True, autoincrement=True),
        _part_of("channels", "channel_id"),
        _part_of("alerts", "alert_id"),
        sa.Column("rule_id", sa.String(22), nullable=False),
        sa.Column("rule_name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("machine_name", sa.Text, nullable=False),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_by_channel", "messages", ["channel_id", "seq"])
    op.create_index("messages_by_alert", "messages", ["alert_id"])


def _identity() -> sa.Column[str]:
    return sa.Column("id", sa.String(22), primary_key=True)


def _part_of(table: str, column: str) -> sa.Column[str]:
    return sa.Column(column, sa.String(22), sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False)


def _perhaps_of(table: str, column: str) -> sa.Column[str]:
    return sa.Column(column, sa.String(22), sa.ForeignKey(f"{table}.id", ondelete="CASCADE"))
