"""Which plugins a machine's collectd has, and which of them were loaded at a user's wish."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("monitoring", sa.Column("collectd_has", sa.Text))
    op.add_column("monitoring", sa.Column("collectd_loads", sa.Text))
