"""What a transaction changed, told to whoever waits for it: after the commit, and only then."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

CHANNEL = "mist_changed"


def changed(connection: Connection, topic: str) -> None:
    """Note that `topic` changes with this transaction.

    Listeners of this process hear it from `Database` after the commit; on PostgreSQL the same transaction carries a
    NOTIFY, so that other services hear it too. A transaction that rolls back tells nobody.
    """
    topics: list[str] = connection.info.setdefault("topics", [])
    if topic in topics:
        return
    topics.append(topic)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, :topic)"), {"channel": CHANNEL, "topic": topic})


def take(connection: Connection) -> list[str]:
    """The topics noted since the last call, and forget them."""
    topics: list[str] = connection.info.pop("topics", [])
    return topics
