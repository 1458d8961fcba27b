"""What a machine's metrics were over time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import InvalidInput
from mistserver.domain.monitoring import Metric, MetricStats, Stats
from mistserver.services.context import Context
from mistserver.services.monitoring.shown import all_metrics, require_enabled, shown_metrics

if TYPE_CHECKING:
    from mistserver.monitoring.samples import Window

MOST_POINTS = 20_000
_LAST_S = 600


class StatsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds since 1970; without `start` the last ten minutes. `metrics`: ids; without any, those that are shown."""

    metrics: tuple[str, ...] = ()
    start: int | None = None
    stop: int | None = None
    step: int = 10


async def stats(ctx: Context, actor: Actor, machine_id: str, query: StatsQuery) -> Stats:
    """Metrics that have anything to show; none at all before the first samples came."""
    from mistserver.monitoring import virtual
    from mistserver.monitoring.samples import as_list

    actor.require(Scope.READ)
    found = await require_enabled(ctx, actor, machine_id)
    window = _window(query, ctx.now())
    store = await ctx.metrics.store()
    known = [each.name for each in await store.known(found.machine.id)]
    wanted = {virtual.meant(id): id for id in query.metrics}
    named = await all_metrics(ctx, found) if wanted else await shown_metrics(ctx, found)
    metrics = [metric for metric in named if not wanted or metric.id in wanted]
    read = await store.read(found.machine.id, virtual.sources_of([metric.id for metric in metrics], known), window)
    columns = {each.name: each.average for each in read.points}
    window, times = read.window, read.window.grid().tolist()
    answered = {}
    for metric in metrics:
        values = virtual.computed(metric.id, columns)
        if values is not None:
            pairs = [list(pair) for pair in zip(as_list(values), times, strict=True)]
            answered[wanted.get(metric.id, metric.id)] = _shown(metric, pairs)
    return Stats(machine_id=found.machine.id, start=window.start, stop=window.stop, step=window.step, metrics=answered)


def _shown(metric: Metric, datapoints: list[list[Any]]) -> MetricStats:
    return MetricStats(
        name=metric.name,
        unit=metric.unit,
        min_value=metric.min_value,
        max_value=metric.max_value,
        priority=metric.priority,
        datapoints=datapoints,
    )


def _window(query: StatsQuery, now: datetime) -> Window:
    from mistserver.monitoring.samples import Window

    stop = int(now.timestamp()) + 1 if query.stop is None else query.stop
    start = stop - _LAST_S if query.start is None else query.start
    if not 0 <= start <= stop < 2**32:
        raise InvalidInput("A window of stats begins before it ends, in seconds since 1970.", field="start")
    if not 1 <= query.step <= 366 * 86400:
        raise InvalidInput("The step of stats is at least one second.", field="step")
    if (stop - start) / query.step > MOST_POINTS:
        raise InvalidInput(f"That would be more than {MOST_POINTS} points; ask for a longer step.", field="step")
    return Window(start, stop, query.step)
