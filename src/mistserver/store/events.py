"""Events: written in the transaction of the change they tell of, read as pages and followed by `seq`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select, text
from sqlalchemy.engine import Connection, Row

from mistserver.domain.account import Actor
from mistserver.domain.event import Event
from mistserver.domain.event_kinds import KINDS
from mistserver.store.notices import changed
from mistserver.store.tables import events

Subject = tuple[str, str, str]  # type, id, name
SYSTEM = "mist"


class Facts(TypedDict, total=False):
    """The optional words of `record`; `account_id` is needed only where there is no actor."""

    account_id: str | None
    subject: Subject | None
    outcome: str
    message: str
    details: dict[str, Any]
    job_id: str | None
    at: Required[datetime]


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: `after` reads forwards from a seq, `before` backwards; neither means the newest first."""

    after: int | None = None
    before: int | None = None
    kind: str | None = None
    subject: str | None = None  # an id or a name
    limit: int = 100


_COLUMNS = [events.c[name] for name in Event.__struct_fields__]


def record(connection: Connection, actor: Actor | None, kind: str, **facts: Unpack[Facts]) -> int:
    """Write an event and return its seq. Call it last in the transaction.

    Within one account events become visible in the order of their seq, so a follower misses none: on PostgreSQL a
    lock per account is held from here to the commit; SQLite has one writer anyway. `actor` None is Mist itself.
    """
    if kind not in KINDS:
        raise ValueError(f"the event kind {kind!r} is not declared")
    return record_all(connection, actor, kind, [facts])


def record_all(connection: Connection, actor: Actor | None, kind: str, many: Sequence[Facts]) -> int:
    """Write many events of one kind and one account at once; the seq of the last."""
    account_id = many[0].get("account_id") or (actor.account_id if actor else None)
    if account_id is None:
        raise ValueError("an event without an actor needs an account_id")
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:topic, 0))")
        connection.execute(lock, {"topic": topic(account_id)})
    rows = [_row(actor, kind, account_id, facts) for facts in many]
    if len(rows) > 1:
        connection.execute(insert(events), rows[:-1])
    seq: int = connection.execute(insert(events).values(rows[-1]).returning(events.c.seq)).scalar_one()
    changed(connection, topic(account_id))
    return seq


def _row(actor: Actor | None, kind: str, account_id: str, facts: Facts) -> dict[str, Any]:
    subject_type, subject_id, subject_name = facts.get("subject") or (None, None, None)
    return {
        "account_id": account_id,
        "kind": kind,
        "at": facts["at"],
        "actor": actor.email if actor else SYSTEM,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "subject_name": subject_name,
        "outcome": facts.get("outcome", "succeeded"),
        "message": facts.get("message", ""),
        "details": facts.get("details", {}),
        "job_id": facts.get("job_id"),
        "request_id": (actor.request_id or None) if actor else None,
    }


def topic(account_id: str) -> str:
    """The signal that tells followers of an account's events."""
    return f"events:{account_id}"


def page(connection: Connection, account_id: str, query: EventQuery) -> list[Event]:
    """At most `query.limit` events: oldest first with `after`, else newest first."""
    conditions: list[ColumnElement[bool]] = [events.c.account_id == account_id]
    if query.after is not None:
        conditions.append(events.c.seq > query.after)
    if query.before is not None:
        conditions.append(events.c.seq < query.before)
    if query.kind is not None:
        conditions.append(events.c.kind == query.kind)
    if query.subject is not None:
        conditions.append((events.c.subject_id == query.subject) | (events.c.subject_name == query.subject))
    order = events.c.seq.asc() if query.after is not None else events.c.seq.desc()
    rows = connection.execute(select(*_COLUMNS).where(*conditions).order_by(order).limit(query.limit))
    return [_event(row) for row in rows]


def last_seq(connection: Connection, account_id: str) -> int:
    """The seq of the account's newest event, 0 without any."""
    newest = select(func.max(events.c.seq)).where(events.c.account_id == account_id)
    return connection.execute(newest).scalar_one() or 0


def trim(connection: Connection, before: datetime, limit: int) -> int:
    """Delete at most `limit` events older than `before`; how many went."""
    old = select(events.c.seq).where(events.c.at < before).order_by(events.c.seq).limit(limit)
    return connection.execute(delete(events).where(events.c.seq.in_(old.scalar_subquery()))).rowcount


def _event(row: Row[Any]) -> Event:
    return Event(**row._mapping)
