"""Jobs: written when they are asked for, moved only forwards (queued, running, one end), and read as records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from mistserver.domain.errors import Conflict
from mistserver.domain.job import TERMINAL, Job, JobState
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store import job_steps
from mistserver.store.notices import changed
from mistserver.store.tables import jobs

CANCELS = "jobs:cancel"
_OPEN = [JobState.QUEUED, JobState.RUNNING]
_NAMES = [name for name in Job.__struct_fields__ if name != "steps"]
_OWN_NAMES = ("account_id", "user_id", "request_id", "subject_name", "secret")
_JOB = [jobs.c[name] for name in _NAMES]
_OWN = [jobs.c[name] for name in _OWN_NAMES]


class StoredJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job with what its record does not tell: whose it is, and its sealed half."""

    job: Job
    account_id: str
    user_id: str
    request_id: str | None
    subject_name: str | None
    secret: bytes | None

    def __repr__(self) -> str:
        return f"StoredJob({self.job.id}, {self.job.kind}, {self.job.state})"


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list, newest first."""

    state: JobState | None = None
    kind: str | None = None
    limit: int = 100
    cursor: str | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended."""

    state: JobState
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


def topic(job_id: str) -> str:
    """The signal that tells followers of one job."""
    return f"job:{job_id}"


def add(connection: Connection, stored: StoredJob, dedup: str | None) -> None:
    """Write a queued job with its steps; Conflict names the unfinished job that holds the same `dedup`."""
    holder = _holder(connection, stored.account_id, dedup)
    if holder is not None:
        raise busy(holder)
    job = stored.job
    row = {name: getattr(job, name) for name in _NAMES} | {name: getattr(stored, name) for name in _OWN_NAMES}
    try:
        with connection.begin_nested():
            connection.execute(insert(jobs).values(row | {"dedup": dedup}))
    except IntegrityError:
        holder = _holder(connection, stored.account_id, dedup)
        if holder is None:
            raise
        raise busy(holder) from None
    job_steps.add(connection, job.id, job.steps)
    changed(connection, topic(job.id))


def busy(job: Job) -> Conflict:
    """The answer to a second operation on what a job already works on."""
    return Conflict(
        f"The job {job.id} ({job.title}) is still at work on it; wait for it or cancel it first.",
        job_id=job.id,
        kind=job.kind,
    )


def get(connection: Connection, account_id: str, job_id: str) -> Job | None:
    """A job of the account, with its steps."""
    row = connection.execute(select(*_JOB).where(jobs.c.account_id == account_id, jobs.c.id == job_id)).first()
    return None if row is None else _with_steps(connection, [row])[0]


def load(connection: Connection, job_id: str) -> StoredJob | None:
    """A job of any account, as the engine needs it."""
    row = connection.execute(select(*_JOB, *_OWN).where(jobs.c.id == job_id)).first()
    if row is None:
        return None
    job = _with_steps(connection, [row])[0]
    return StoredJob(job=job, **{name: row._mapping[name] for name in _OWN_NAMES})


def page(connection: Connection, account_id: str, query: JobQuery) -> Page[Job]:
    """The account's jobs, newest first."""
    conditions: list[ColumnElement[bool]] = [jobs.c.account_id == account_id]
    if query.state is not None:
        conditions.append(jobs.c.state == query.state)
    if query.kind is not None:
        conditions.append(jobs.c.kind == query.kind)
    if query.cursor is not None:
        at, last = decode_cursor(query.cursor, tuple[datetime, str])
        conditions.append(or_(jobs.c.created_at < at, and_(jobs.c.created_at == at, jobs.c.id < last)))
    order = (jobs.c.created_at.desc(), jobs.c.id.desc())
    rows = connection.execute(select(*_JOB).where(*conditions).order_by(*order).limit(query.limit + 1)).all()
    return cut(_with_steps(connection, rows), query.limit, lambda job: (job.created_at, job.id))


def start(connection: Connection, job_id: str, at: datetime) -> None:
    """queued -> running; a job that is further stays as it is."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state == JobState.QUEUED)
    if connection.execute(statement.values(state=JobState.RUNNING, started_at=at)).rowcount:
        changed(connection, topic(job_id))


def progress(connection: Connection, job_id: str, done: int, failed: int) -> None:
    """Count finished items; an ended job stays as it is."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state == JobState.RUNNING)
    connection.execute(statement.values(done=done, failed=failed))
    changed(connection, topic(job_id))


def finish(connection: Connection, job_id: str, ending: Ending, at: datetime) -> bool:
    """End a job that has not ended yet; False when it had. What it worked on is free again."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN))
    values = {"state": ending.state, "result": ending.result, "error": ending.error, "finished_at": at, "dedup": None}
    if not connection.execute(statement.values(values)).rowcount:
        return False
    job_steps.finish(connection, job_id, ending.state, at)
    changed(connection, topic(job_id))
    return True


def request_cancel(connection: Connection, job_id: str) -> None:
    """Ask whoever works on the job to stop; nothing happens to one that has ended."""
    statement = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN))
    if connection.execute(statement.values(cancel_requested=True)).rowcount:
        changed(connection, topic(job_id))
        changed(connection, CANCELS)


def cancelled_among(connection: Connection, job_ids: Sequence[str]) -> list[str]:
    """Those of the given jobs that shall stop, or have been ended by another service."""
    stop = or_(jobs.c.cancel_requested, jobs.c.state.in_(TERMINAL))
    return list(connection.execute(select(jobs.c.id).where(jobs.c.id.in_(job_ids), stop)).scalars())


def unfinished(connection: Connection, before: datetime, limit: int) -> list[tuple[str, str]]:
    """(id, kind) of jobs asked for before a time that have not ended, oldest first."""
    statement = select(jobs.c.id, jobs.c.kind).where(jobs.c.state.in_(_OPEN), jobs.c.created_at < before)
    return [(row.id, row.kind) for row in connection.execute(statement.order_by(jobs.c.created_at).limit(limit))]


def trim(connection: Connection, before: datetime, limit: int) -> int:
    """Delete at most `limit` jobs that ended before a time, with all that belongs to them; how many went."""
    old = select(jobs.c.id).where(jobs.c.state.in_(TERMINAL), jobs.c.finished_at < before).limit(limit)
    return connection.execute(delete(jobs).where(jobs.c.id.in_(old.scalar_subquery()))).rowcount


def _holder(connection: Connection, account_id: str, dedup: str | None) -> Job | None:
    if dedup is None:
        return None
    row = connection.execute(
        select(*_JOB).where(tuple_(jobs.c.account_id, jobs.c.dedup) == (account_id, dedup))
    ).first()
    return None if row is None else _with_steps(connection, [row])[0]


def _with_steps(connection: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
    steps = job_steps.of(connection, [row.id for row in rows])
    return [
        msgspec.convert({name: row._mapping[name] for name in _NAMES} | {"steps": steps.get(row.id, ())}, Job)
        for row in rows
    ]
