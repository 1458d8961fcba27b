"""A machine's points as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from mistserver.domain.account import Actor, Scope
from mistserver.services.context import Context
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import stats
from mistserver.services.monitoring.shown import require_enabled
from mistserver.services.monitoring.stats import StatsQuery
from mistserver.store import monitoring

LOOK_S = 0.5
_BACK_S = 60  # how late a point may come and still be told

Points = dict[str, list[list[Any]]]


async def follow(ctx: Context, actor: Actor, machine_id: str, metrics: tuple[str, ...]) -> AsyncIterator[Points]:
    """New points by metric, from now on, until the service stops or the machine is monitored no more."""
    actor.require(Scope.READ)
    found = await require_enabled(ctx, actor, machine_id)
    return _points(ctx, actor, found, (metrics, int(ctx.now().timestamp())))


async def _points(
    ctx: Context, actor: Actor, found: Found, wanted: tuple[tuple[str, ...], int]
) -> AsyncIterator[Points]:
    metrics, began = wanted
    store, id = await ctx.metrics.store(), found.machine.id
    told: dict[str, int] = {}
    before: tuple[int, int] | None = None
    while not ctx.jobs.signals.closing:
        sent = (await store.sent([id]))[id]
        if (now := (sent.newest, len(sent.names))) != before:
            before = now
            record = await ctx.database.read(monitoring.get, actor.account_id, id)
            if record is None:
                return
            step = record.interval_s
            start = (sent.newest - _BACK_S) // step * step
            window = StatsQuery(metrics=metrics, start=max(0, start), stop=sent.newest + 1, step=step)
            answer = await stats.stats(ctx, actor, id, window)
            news: Points = {}
            for metric, each in answer.metrics.items():
                after = told.get(metric, began - step)
                pairs = [pair for pair in each.datapoints if pair[0] is not None and pair[1] > after]
                if pairs:
                    told[metric] = pairs[-1][1]
                    news[metric] = pairs
            if news:
                yield news
        await asyncio.sleep(LOOK_S)
