"""Which machines of an account are monitored, and in what way."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.sending import Expected
from mistserver.store.tables import monitoring

_SHOWN = [monitoring.c[name] for name in Expected.__struct_fields__]


def expected(connection: Connection, account_id: str, machine_id: str | None = None) -> dict[str, Expected]:
    """What comes of each monitored machine, or of that one, by its id."""
    query = sa.select(monitoring.c.machine_id, *_SHOWN).where(monitoring.c.account_id == account_id)
    if machine_id is not None:
        query = query.where(monitoring.c.machine_id == machine_id)
    return {row[0]: Expected(*row[1:]) for row in connection.execute(query)}
