"""Which machines of an account are monitored, and in what way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.sending import Expected
from mistserver.store.tables import monitoring

_BATCH = 500
_SHOWN = [monitoring.c[name] for name in Expected.__struct_fields__]


def expected(connection: Connection, account_id: str, among: Sequence[str] | None = None) -> dict[str, Expected]:
    """What comes of each monitored machine of the account, or of those among these, by its id."""
    query = sa.select(monitoring.c.machine_id, *_SHOWN).where(monitoring.c.account_id == account_id)
    if among is None:
        return _found(connection, query)
    found: dict[str, Expected] = {}
    for first in range(0, len(among), _BATCH):
        found |= _found(connection, query.where(monitoring.c.machine_id.in_(among[first : first + _BATCH])))
    return found


def _found(connection: Connection, query: sa.Select[Any]) -> dict[str, Expected]:
    return {row[0]: Expected(*row[1:]) for row in connection.execute(query)}
