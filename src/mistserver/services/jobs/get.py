"""One job as it stands."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.job import TERMINAL, Job
from mistserver.services.context import Context
from mistserver.store import jobs


async def get(ctx: Context, actor: Actor, job_id: str) -> Job:
    """A job of the account, or NotFound."""
    actor.require(Scope.READ)
    return await ctx.database.read(found, actor.account_id, job_id)


async def wait(ctx: Context, actor: Actor, job_id: str, timeout_s: float) -> Job:
    """The job once it has ended, or as it stands after `timeout_s`."""
    job = await get(ctx, actor, job_id)
    left = timeout_s
    with ctx.jobs.signals.watch(jobs.topic(job_id)) as watch:
        while job.state not in TERMINAL and left > 0 and not ctx.jobs.signals.closing:
            patience_s = min(left, ctx.jobs.signals.patience_s)
            await watch.wait(patience_s)
            left -= patience_s
            job = await ctx.database.read(found, actor.account_id, job_id)
    return job


def found(connection: Connection, account_id: str, job_id: str) -> Job:
    """The job, or NotFound; in a transaction."""
    job = jobs.get(connection, account_id, job_id)
    if job is None:
        raise NotFound(f"There is no job with the id {job_id}.", noun="job", id=job_id)
    return job
