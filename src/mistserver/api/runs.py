"""Commands on many machines at once."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.routes import post
from mistserver.domain.job import Job
from mistserver.services.jobs import get as get_job
from mistserver.services.machines import run
from mistserver.services.machines.run import RunCommand


@post("/runs", status_code=202)
async def run_command(ctx: Ctx, actor: Who, data: JSONBody[RunCommand], repeat: Repeat = None) -> Job:
    """Run a command or script on all machines with a tag, on those named, or on all. The answer is a job."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: run.submit(ctx, who, data),
        lambda made: get_job.get(ctx, actor, made),
    )


@post("/runs/{job_id:str}/retry", status_code=202)
async def retry_run(ctx: Ctx, actor: Who, job_id: FromPath[str]) -> Job:
    """The same again on the machines where it failed, as a new job."""
    return await run.retry(ctx, actor, job_id)


ROUTES = [run_command, retry_run]
