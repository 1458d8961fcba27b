"""Rules on metrics, the incidents that they make, and who is told of them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mistserver.store.tables.columns import Sequence, account, identity, metadata, of
from mistserver.store.types import Json, Utc


def _perhaps(table: str, column: str) -> Column[str]:
    """What a row may be about, and then goes with."""
    return Column(column, String(22), ForeignKey(f"{table}.id", ondelete="CASCADE"))


rules = Table(
    "rules",
    metadata,
    identity(),
    account(),
    Column("name", Text, nullable=False),
    _perhaps("machines", "machine_id"),
    Column("tag", Text),
    Column("metric", String(255), nullable=False),
    Column("operator", String(8), nullable=False),
    Column("value", Float(53), nullable=False),
    Column("aggregate", String(8), nullable=False),
    Column("window_s", Integer, nullable=False),
    Column("for_s", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("command", Text),
    Column("script", LargeBinary),  # sealed
    Column("sudo", Boolean, nullable=False),
    Column("allow_destroy", Boolean, nullable=False),
    Column("channels", Json, nullable=False),
    Column("reminder_offset_s", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("user_id", String(22), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Index("rules_by_name", "account_id", "name", "id"),
)

alerts = Table(
    "alerts",
    metadata,
    identity(),
    account(),
    of("rules", "rule_id"),
    Column("rule_name", Text, nullable=False),
    Column("machine_id", String(22), nullable=False),
    Column("machine_name", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("value", Float(53), nullable=False),
    Column("since", Utc, nullable=False),
    Column("fired_at", Utc),
    Column("resolved_at", Utc),
    Column("told", Integer, nullable=False),
    Column("channels", Json, nullable=False),  # those that were told, and will be told of its end
    Column("act", Boolean, nullable=False),  # the rule's action is still to be done
    Column("job_id", String(22)),
    Column("trouble", Text),
    Index("alerts_by_state", "state", "account_id"),
    Index("alerts_by_age", "account_id", "since", "id"),
)

channels = Table(
    "channels",
    metadata,
    identity(),
    account(),
    Column("name", Text, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # the URL, sealed
    Column("created_at", Utc, nullable=False),
    Column("failing_since", Utc),
    Column("trouble", Text),
    Column("sent_at", Utc),
    UniqueConstraint("account_id", "name"),
)

silences = Table(
    "silences",
    metadata,
    identity(),
    account(),
    _perhaps("rules", "rule_id"),
    _perhaps("machines", "machine_id"),
    Column("tag", Text),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("ends_at", Utc, nullable=False),
)

messages = Table(  # what channels are still to be told; a row goes when its message was taken
    "messages",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    of("channels", "channel_id"),
    of("alerts", "alert_id"),
    Column("rule_id", String(22), nullable=False),
    Column("rule_name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("machine_name", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("value", Float(53), nullable=False),
    Column("at", Utc, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Utc, nullable=False),
    Index("messages_by_channel", "channel_id", "seq"),
    Index("messages_by_alert", "alert_id"),
    sqlite_autoincrement=True,
)
