"""What was asked for, what came of it, and what changed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

jobs = Table(
    "jobs",
    metadata,
    identity(),
    account(),
    Column("kind", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("subject_type", String(32)),
    Column("subject_id", String(64)),
    Column("subject_name", Text),
    Column("dedup", String(128)),  # what only one unfinished job may work on; null once finished
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
    UniqueConstraint("account_id", "dedup"),
    Index("jobs_by_time", "account_id", "created_at"),
    Index("jobs_by_state", "state"),
)

job_steps = Table(
    "job_steps",
    metadata,
    of("jobs", "job_id", primary=True),
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
    of("jobs", "job_id", primary=True),
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
    Column("version", Integer, nullable=False, server_default="0"),  # grows within the job with each change
)

job_output = Table(
    "job_output",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    of("jobs", "job_id"),
    Column("machine_id", String(22), nullable=False),
    Column("stream", String(8), nullable=False),
    Column("data", Text, nullable=False),
    Index("job_output_by_job", "job_id", "seq"),
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    account(),
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
