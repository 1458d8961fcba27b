"""Failed sign-ins, counted by user and by address, and the addresses from which a user signed in before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.store.tables import attempts
from mistserver.store.upsert import insert_into


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row a subject failed, and when last."""

    failures: int
    last_at: datetime


Step = Callable[[Count | None], Count]


def advance(connection: Connection, subjects: Iterable[str], at: datetime, step: Step) -> dict[str, Count]:
    """Replace each subject's count by `step(count)`; what `step` raises ends the transaction with nothing changed.

    The rows are held in a fixed order until the commit, so that a thousand guesses at once are counted one by one.
    """
    changed = {}
    for subject in sorted(set(subjects)):
        found = _hold(connection, subject, at)
        changed[subject] = step(found if found.failures else None)
        _set(connection, subject, changed[subject])
    return changed


def get(connection: Connection, subject: str) -> Count | None:
    query = sa.select(attempts.c.failures, attempts.c.last_at).where(attempts.c.subject == subject)
    row = connection.execute(query).one_or_none()
    return None if row is None else Count(failures=row.failures, last_at=row.last_at)


def forgive(connection: Connection, subjects: Iterable[str]) -> None:
    """Take one failure back from each: what was counted beforehand turned out to be right."""
    for subject in sorted(set(subjects)):
        mine = attempts.c.subject == subject
        connection.execute(
            sa.update(attempts).where(mine, attempts.c.failures > 0).values(failures=attempts.c.failures - 1)
        )


def remember(connection: Connection, subject: str, at: datetime) -> None:
    """Note a subject that is no failure: an address that a user came from."""
    row = {"subject": subject, "failures": 0, "last_at": at}
    statement = insert_into(connection, attempts).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["subject"], set_={"last_at": at}))


def trim(connection: Connection, failed_before: datetime, seen_before: datetime) -> int:
    """Forget failures and known addresses that are older than these; how many went."""
    old = sa.or_(
        sa.and_(attempts.c.last_at < failed_before, ~attempts.c.subject.startswith("known:")),
        attempts.c.last_at < seen_before,
    )
    return connection.execute(sa.delete(attempts).where(old)).rowcount


def _hold(connection: Connection, subject: str, at: datetime) -> Count:
    row = {"subject": subject, "failures": 0, "last_at": at}
    connection.execute(insert_into(connection, attempts).values(row).on_conflict_do_nothing())
    query = sa.select(attempts.c.failures, attempts.c.last_at).where(attempts.c.subject == subject).with_for_update()
    held = connection.execute(query).one()
    return Count(failures=held.failures, last_at=held.last_at)


def _set(connection: Connection, subject: str, count: Count) -> None:
    values = {"failures": count.failures, "last_at": count.last_at}
    connection.execute(sa.update(attempts).where(attempts.c.subject == subject).values(values))
