"""One job as it stands."""

from __future__ import annotations

import asyncio

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
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    with ctx.jobs.signals.watch(jobs.topic(job_id)) as watch:
        while job.state not in TERMINAL and (left := end - loop.time()) > 0 and not ctx.jobs.signals.closing:
            await watch.wait(min(left, ctx.jobs.signals.patience_s))
            job = await ctx.database.read(found, actor.account_id, job_id)
    return job


def found(connection: Connection, account_id: str, job_id: str) -> Job:
    """The job, or NotFound; in a transaction."""
    job = jobs.get(connection, account_id, job_id)
    if job is None:
        raise NotFound(f"There is no job with the id {job_id[:64]!r}.", noun="job", id=job_id)
    return job
