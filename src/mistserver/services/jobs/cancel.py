"""Ask a job to end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, NotFound
from mistserver.domain.job import TERMINAL, Job, JobState
from mistserver.jobs.work import finish
from mistserver.services.context import Context
from mistserver.services.jobs.get import found
from mistserver.store import events, jobs


async def cancel(ctx: Context, actor: Actor, job_id: str) -> Job:
    """The job after the asking: cancelled at once while it is queued, else soon, by whoever works on it.

    Asking again changes nothing. Conflict for a job that ended by itself.
    """
    actor.require(Scope.OPERATE)
    return await ctx.database.write(_cancel, actor, job_id, ctx.now())


def _cancel(connection: Connection, actor: Actor, job_id: str, at: datetime) -> Job:
    job = found(connection, actor.account_id, job_id)
    if job.state == JobState.CANCELLED or (job.cancel_requested and job.state not in TERMINAL):
        return job
    if job.state in TERMINAL:
        raise Conflict(f"The job {job_id} has {job.state} already; there is nothing to cancel.", state=job.state)
    jobs.request_cancel(connection, job_id)
    stored = jobs.load(connection, job_id)
    if stored is None:
        raise NotFound(f"There is no job with the id {job_id[:64]!r}.", noun="job", id=job_id)
    events.record(
        connection,
        actor,
        "job.cancel_requested",
        subject=("job", job_id, job.title),
        job_id=job_id,
        at=at,
    )
    if stored.job.state == JobState.QUEUED:
        finish(connection, stored, jobs.Ending(state=JobState.CANCELLED), at)
    return found(connection, actor.account_id, job_id)
