"""Monitoring: letting machines send metrics, what they send, and what is shown of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from mistserver.api import intake
from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Listing
from mistserver.api.routes import ERRORS, delete, get, post, put
from mistserver.api.streams import stream
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Metric, Stats
from mistserver.services.monitoring import disable, enable, live, overview, shown
from mistserver.services.monitoring import stats as over_time
from mistserver.services.monitoring.disable import DisableMonitoring
from mistserver.services.monitoring.enable import ByHand, EnableMonitoring
from mistserver.services.monitoring.loading import AddMetric
from mistserver.services.monitoring.overview import Now
from mistserver.services.monitoring.stats import StatsQuery

_AS_JOB = ResponseSpec(Job, description="The job that changes the machine's collectd.", generate_examples=False)
_AT_ONCE = ResponseSpec(None, description="It is done.", generate_examples=False)
_METRIC = "Id of a metric; may be given again. Without any, the metrics that are shown."


@post("/machines/{machine_id:str}/monitoring", status_code=202)
async def enable_monitoring(
    ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[EnableMonitoring]
) -> Job | ByHand:
    """Put an agent on the machine, as a job; with `by_hand` the answer has the commands that do it."""
    return await enable.submit(ctx, actor, machine_id, data)


@post("/machines/{machine_id:str}/monitoring/disable", status_code=202)
async def disable_monitoring(ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[DisableMonitoring]) -> Job:
    """Take the agent away and drop what the machine sent, as a job."""
    return await disable.submit(ctx, actor, machine_id, data)


@get("/monitoring")
async def show_overview(ctx: Ctx, actor: Who) -> Listing[Now]:
    """Every monitored machine with what it does just now, by name."""
    return Listing(items=await overview.overview(ctx, actor))


@get("/machines/{machine_id:str}/metrics")
async def list_metrics(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> Listing[Metric]:
    """Everything that came from the machine, and what Mist makes of it."""
    return Listing(items=await shown.list_all(ctx, actor, machine_id))


@put("/machines/{machine_id:str}/metrics/{metric_id:str}", responses={**ERRORS, 202: _AS_JOB})
async def add_metric(
    ctx: Ctx, actor: Who, machine_id: FromPath[str], metric_id: FromPath[str], data: JSONBody[AddMetric]
) -> Response[Metric | Job]:
    """Make it part of the machine's graphs; 202 and a job where collectd has to load a plugin for it."""
    answer = await shown.add(ctx, actor, machine_id, metric_id, data)
    return Response(answer, status_code=202 if isinstance(answer, Job) else 200)


@delete("/machines/{machine_id:str}/metrics/{metric_id:str}", status_code=202, responses={**ERRORS, 204: _AT_ONCE})
async def remove_metric(
    ctx: Ctx, actor: Who, machine_id: FromPath[str], metric_id: FromPath[str]
) -> Response[Job | None]:
    """Make it no part of the machine's graphs any more; 202 and a job where collectd has to unload a plugin."""
    answer = await shown.remove(ctx, actor, machine_id, metric_id)
    return Response(answer, status_code=204 if answer is None else 202)


@get("/machines/{machine_id:str}/stats")
async def get_stats(
    ctx: Ctx,
    actor: Who,
    machine_id: FromPath[str],
    metric: Annotated[list[str] | None, QueryParameter(description=_METRIC)] = None,
    start: Annotated[int | None, QueryParameter(description="Seconds since 1970; by default ten minutes ago.")] = None,
    stop: Annotated[int | None, QueryParameter(description="Seconds since 1970; by default now.")] = None,
    step: Annotated[int, QueryParameter(description="Seconds between points.")] = 10,
) -> Stats:
    """Metrics over time; none before anything came."""
    query = StatsQuery(metrics=tuple(metric or ()), start=start, stop=stop, step=step)
    return await over_time.stats(ctx, actor, machine_id, query)


@get("/machines/{machine_id:str}/stats/stream", media_type="text/event-stream")
async def follow_stats(
    ctx: Ctx,
    actor: Who,
    machine_id: FromPath[str],
    metric: Annotated[list[str] | None, QueryParameter(description=_METRIC)] = None,
) -> ServerSentEvent:
    """Points as they come (server-sent events of type `points`: by metric, [value, second since 1970])."""
    following = await live.follow(ctx, actor, machine_id, tuple(metric or ()))

    async def messages() -> AsyncGenerator[ServerSentEventMessage, None]:
        async for points in following:
            yield ServerSentEventMessage(data=msgspec.json.encode(points).decode(), event="points")

    return stream(ctx, actor, messages())


ROUTES = [
    enable_monitoring,
    disable_monitoring,
    show_overview,
    list_metrics,
    add_metric,
    remove_metric,
    get_stats,
    follow_stats,
    *intake.ROUTES,
]
