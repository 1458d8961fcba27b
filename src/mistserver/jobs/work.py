"""The one workflow: take a job up, call its handler, and write how it ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.errors import Internal, JobFailed, MistError, to_record
from mistserver.domain.job import TERMINAL, JobState
from mistserver.jobs.registry import HANDLERS
from mistserver.jobs.running import RunningJob, unexpected
from mistserver.jobs.stops import Draining, JobCancelled
from mistserver.store import events, job_items, jobs
from mistserver.store.jobs import Ending, StoredJob

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs

CANCELLED = Ending(state=JobState.CANCELLED)


async def work_on(engine: Jobs, job_id: str) -> None:
    """Do a job from where it stands. An interruption passes through and leaves it resumable; an error ends it."""
    if engine.draining:
        raise Draining
    stored = await engine.database.read(jobs.load, job_id)
    if stored is None or stored.job.state in TERMINAL:
        return
    if stored.job.cancel_requested:
        await _end(engine, stored, CANCELLED)
        return
    await engine.database.write(jobs.start, job_id, datetime.now(UTC))
    job = RunningJob(engine, stored)
    engine.running[job_id], engine.tasks[job_id] = job, _own_task()
    try:
        ending = await _outcome(engine, job)
        await engine.in_thread(engine.fence)
        await _end(engine, stored, ending)
    finally:
        del engine.running[job_id], engine.tasks[job_id]


async def _outcome(engine: Jobs, job: RunningJob) -> Ending:
    try:
        ending = await _handle(engine, job)
        await job.close()
        return ending
    except BaseException:
        # what was said so far is kept, but the interruption is what counts
        await asyncio.gather(asyncio.shield(job.close()), return_exceptions=True)
        raise


async def _handle(engine: Jobs, job: RunningJob) -> Ending:
    handler = HANDLERS.get(job.job.kind)
    if handler is None:
        error: MistError = Internal(f"This version of Mist does not know jobs of the kind {job.job.kind}.")
        return Ending(state=JobState.FAILED, error=to_record(error))
    try:
        result = await handler.work(engine.context, job)
        return Ending(state=JobState.SUCCEEDED, result=result)
    except JobCancelled:
        return CANCELLED
    except asyncio.CancelledError:
        if engine.draining or not job.cancelled.is_set():
            raise
        while _own_task().cancelling():
            _own_task().uncancel()
        return CANCELLED
    except JobFailed as failure:
        return Ending(state=JobState.FAILED, result=failure.facts or None, error=to_record(failure))
    except MistError as failure:
        return Ending(state=JobState.FAILED, error=to_record(failure))
    except Exception as failure:
        return Ending(state=JobState.FAILED, error=to_record(unexpected(failure)))


def _own_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("jobs are worked on in tasks")
    return task


async def _end(engine: Jobs, stored: StoredJob, ending: Ending) -> None:
    await engine.database.write(finish, stored, ending, datetime.now(UTC))


def finish(connection: Connection, stored: StoredJob, ending: Ending, at: datetime) -> None:
    """End a job that has not ended yet, with its event."""
    job = stored.job
    job_items.close(connection, job.id, at)
    if not jobs.finish(connection, job.id, ending, at):
        return
    error = ending.error or {}
    subject = None
    if job.subject_type and job.subject_id:
        subject = (job.subject_type, job.subject_id, stored.subject_name or "")
    events.record(
        connection,
        _actor(stored),
        f"job.{ending.state}",
        subject=subject,
        outcome="succeeded" if ending.state == JobState.SUCCEEDED else "failed",
        message=str(error.get("message") or job.title),
        details={"kind": job.kind} | ({"code": error["code"]} if "code" in error else {}),
        job_id=job.id,
        at=at,
    )


def _actor(stored: StoredJob) -> Actor:
    return Actor(
        account_id=stored.account_id,
        user_id=stored.user_id,
        email=stored.job.created_by,
        role=Role.OPERATOR,
        scope=Scope.OPERATE,
        request_id=stored.request_id or "",
    )
