"""How often a machine is sampled, and the port on it that leads back to the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("monitoring", sa.Column("interval_s", sa.Integer, nullable=False, server_default="10"))
    op.add_column("monitoring", sa.Column("tunnel_port", sa.Integer))
