"""Python files that make metrics on machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "plugins",
        sa.Column("id", sa.String(22), primary_key=True),
        sa.Column("account_id", sa.String(22), sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("machine_id", sa.String(22), sa.ForeignKey("machines.id", ondelete="CASCADE"), nullable=False),
        sa.Column("plugin_id", sa.String(128), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("value_type", sa.String(16), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.UniqueConstraint("machine_id", "plugin_id"),
    )
