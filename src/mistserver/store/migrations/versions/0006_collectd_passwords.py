"""Passwords for packets of collectd's plugin network."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "collectd_passwords",
        sa.Column("machine_id", sa.String(22), sa.ForeignKey("machines.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("account_id", sa.String(22), sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
