"""Which machines are monitored, and which of their metrics are shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "monitoring",
        _machine(),
        sa.Column("account_id", sa.String(22), sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("enabled_at", sa.BigInteger, nullable=False),
        sa.Column("installed_at", sa.BigInteger),
    )
    op.create_table(
        "metrics",
        _machine(),
        sa.Column("metric_id", sa.String(255), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
    )


def _machine() -> sa.Column[str]:
    target = sa.ForeignKey("machines.id", ondelete="CASCADE")
    return sa.Column("machine_id", sa.String(22), target, primary_key=True, nullable=False)
