"""Jobs: how long work fares, what it left on each machine, and its output as it comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from mistserver.api import streams
from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Cursor, Limit, Listing, listing
from mistserver.api.routes import get, post
from mistserver.domain.job import Job, JobItem, JobState
from mistserver.domain.page import clean_seq
from mistserver.services.jobs import cancel, items, stream
from mistserver.services.jobs import get as get_one
from mistserver.services.jobs import list as list_all

State = Annotated[JobState | None, QueryParameter(name="state", description="Only those in this state.")]


@get("/jobs")
async def list_jobs(
    ctx: Ctx,
    actor: Who,
    state_: State = None,
    kind: FromQuery[str | None] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Listing[Job]:
    """Jobs of the account, the newest first, without their steps."""
    query = list_all.JobQuery(state=state_, kind=kind, limit=limit, cursor=cursor)
    return listing(await list_all.page(ctx, actor, query))


@get("/jobs/{job_id:str}")
async def get_job(ctx: Ctx, actor: Who, job_id: FromPath[str]) -> Job:
    """One job with its steps."""
    return await get_one.get(ctx, actor, job_id)


@get("/jobs/{job_id:str}/items")
async def list_job_items(
    ctx: Ctx,
    actor: Who,
    job_id: FromPath[str],
    state_: State = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Listing[JobItem]:
    """What the job did on each machine, with output, exit code and error."""
    query = items.ItemQuery(state=state_, limit=limit, cursor=cursor)
    return listing(await items.page(ctx, actor, job_id, query))


@post("/jobs/{job_id:str}/cancel", status_code=200)
async def cancel_job(ctx: Ctx, actor: Who, job_id: FromPath[str]) -> Job:
    """Stop it: what has not begun is not begun, what runs on machines is ended."""
    return await cancel.cancel(ctx, actor, job_id)


@get("/jobs/{job_id:str}/stream", media_type="text/event-stream")
async def stream_job(
    ctx: Ctx,
    actor: Who,
    job_id: FromPath[str],
    after: Annotated[int, QueryParameter(description="The output `seq` that was seen last.")] = 0,
) -> ServerSentEvent:
    """The job as it goes on: events `job`, `step`, `item`, `output` and, last, `end`; the id is the output's `seq`."""
    clean_seq(after, "after")
    await get_one.get(ctx, actor, job_id)

    async def messages() -> AsyncGenerator[ServerSentEventMessage, None]:
        async for told in stream.stream(ctx, actor, job_id, after):
            yield ServerSentEventMessage(data=msgspec.json.encode(told.data).decode(), event=told.event, id=told.seq)

    return streams.stream(ctx, actor, messages())


ROUTES = [list_jobs, get_job, list_job_items, cancel_job, stream_job]
