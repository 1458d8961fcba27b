"""What channels are still to be told: written with the change that it tells of, gone when it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.alert import Message
from mistserver.store.tables import messages

_SHOWN = [messages.c[name] for name in Message.__struct_fields__]
_BATCH = 500


def add_all(connection: Connection, new: Sequence[Message]) -> None:
    """`seq` is given here."""
    if new:
        connection.execute(sa.insert(messages), [_row(message) for message in new])


def untold(connection: Connection) -> set[tuple[str, str]]:
    """(channel, alert) of all that is still to be told."""
    rows = connection.execute(sa.select(messages.c.channel_id, messages.c.alert_id).distinct())
    return {(row[0], row[1]) for row in rows}


def due_channels(connection: Connection, at: datetime) -> list[str]:
    """Channels whose first message may be tried now."""
    first = sa.select(sa.func.min(messages.c.seq)).group_by(messages.c.channel_id)
    query = sa.select(messages.c.channel_id).where(messages.c.seq.in_(first), messages.c.next_at <= at)
    return list(connection.execute(query).scalars())


def of_channel(connection: Connection, channel_id: str, limit: int) -> list[Message]:
    """In the order in which they came."""
    query = sa.select(*_SHOWN).where(messages.c.channel_id == channel_id).order_by(messages.c.seq).limit(limit)
    rows = connection.execute(query)
    return [msgspec.convert(dict(zip(Message.__struct_fields__, row, strict=True)), Message) for row in rows]


def delete(connection: Connection, seqs: Sequence[int]) -> None:
    for first in range(0, len(seqs), _BATCH):
        connection.execute(sa.delete(messages).where(messages.c.seq.in_(seqs[first : first + _BATCH])))


def postpone(connection: Connection, seqs: Sequence[int], until: datetime) -> None:
    """They were tried, and are tried again at `until`."""
    for first in range(0, len(seqs), _BATCH):
        some = sa.update(messages).where(messages.c.seq.in_(seqs[first : first + _BATCH]))
        connection.execute(some.values(tries=messages.c.tries + 1, next_at=until))


def _row(message: Message) -> dict[str, Any]:
    row = msgspec.structs.asdict(message)
    del row["seq"]
    return {**row, "next_at": message.at}
