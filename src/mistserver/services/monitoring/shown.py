"""Which metrics a machine has, and which of them are shown."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput, NotFound
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Metric
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import added, loading
from mistserver.services.monitoring.loading import AddMetric
from mistserver.store import monitoring

_LONGEST = 255


async def require_enabled(ctx: Context, actor: Actor, machine_id: str) -> Found:
    """The machine; Conflict when it is not monitored."""
    found = await lookup.find(ctx, actor, machine_id)
    if await ctx.database.read(monitoring.get, actor.account_id, found.machine.id) is None:
        raise Conflict(
            f"The machine {found.machine.name!r} is not monitored; enable that first (mist enable-monitoring).",
            machine_id=found.machine.id,
        )
    return found


async def list_all(ctx: Context, actor: Actor, machine_id: str) -> list[Metric]:
    """Everything that ever came from the machine, what Mist makes of it, and what was added and has not come yet.

    At the end those that adding would bring: plugins that the machine's collectd has and does not load.
    """
    actor.require(Scope.READ)
    found = await require_enabled(ctx, actor, machine_id)
    loadable = {metric.id: metric for metric in await _loadable(ctx, found)}
    came = [
        msgspec.structs.replace(metric, loadable=loadable.pop(metric.id, None) is not None)
        for metric in await all_metrics(ctx, found)
    ]
    return [*came, *loadable.values()]


async def add(ctx: Context, actor: Actor, machine_id: str, metric_id: str, request: AddMetric) -> Metric | Job:
    """Have a metric shown; as a job where the machine's collectd has to load a plugin first.

    NotFound for one that never came and that no plugin there is called like.
    """
    from mistserver.monitoring.names import title

    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    if not 0 < len(metric_id) <= _LONGEST or not metric_id.isprintable():
        raise InvalidInput("The id of a metric has 1 to 255 visible characters.", field="metric_id")
    if metric_id in {each.id for each in await _loadable(ctx, found)}:
        return await loading.submit_load(ctx, actor, found, metric_id, request)
    there = next((each for each in await all_metrics(ctx, found) if each.id == metric_id), None)
    if there is None:
        raise NotFound(
            f"Nothing called {metric_id!r} came from {found.machine.name!r}; `mist list-metrics` shows what did.",
            noun="metric",
            id=metric_id,
        )
    metric = msgspec.structs.replace(there, name=request.name or title(metric_id), unit=request.unit, shown=True)
    await ctx.database.write(added.add, actor, found, metric, ctx.now())
    return metric


async def remove(ctx: Context, actor: Actor, machine_id: str, metric_id: str) -> Job | None:
    """Have a metric that was added not shown any more; what came of it is kept.

    A plugin of collectd that was loaded for it is unloaded, as a job, when none of its metrics is left.
    """
    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    record = await ctx.database.read(monitoring.get, actor.account_id, found.machine.id)
    loads = record.collectd_loads if record is not None and record.way == "agent" else ()
    plugin = next((each for each in loads if loading.is_of(metric_id, each)), None)
    others = await ctx.database.read(monitoring.added_metrics, found.machine.id)
    left = [each.id for each in others if plugin and loading.is_of(each.id, plugin) and each.id != metric_id]
    if plugin is not None and (metric_id == plugin or not left):
        return await loading.submit_unload(ctx, actor, found, plugin)
    await ctx.database.write(_remove, actor, found, metric_id, ctx.now())
    return None


async def _loadable(ctx: Context, found: Found) -> list[Metric]:
    """Plugins of which nothing came yet, or not any more."""
    from mistserver.monitoring.names import title

    record = await ctx.database.read(monitoring.get, found.stored.account_id, found.machine.id)
    return [Metric(id=each, name=f"{title(each)} (not loaded)", loadable=True) for each in loading.offered(record)]


async def shown_metrics(ctx: Context, found: Found) -> list[Metric]:
    return [metric for metric in await all_metrics(ctx, found) if metric.shown]


async def all_metrics(ctx: Context, found: Found) -> list[Metric]:
    """Builtin ones first, then those that were added, then the rest by id."""
    from mistserver.monitoring.names import title
    from mistserver.monitoring.virtual import BUILTINS

    store = await ctx.metrics.store()
    newest = {each.name: each.newest for each in await store.known(found.machine.id)}
    listed: dict[str, Metric] = {}
    for priority, builtin in enumerate(BUILTINS):
        ages = [newest[name] for name in builtin.sources(newest)]
        listed[builtin.id] = Metric(
            id=builtin.id,
            name=builtin.name,
            unit=builtin.unit,
            min_value=0.0,
            max_value=builtin.max_value,
            priority=priority,
            shown=True,
            newest_at=_moment(max(ages)) if ages else None,
        )
    for metric in await ctx.database.read(monitoring.added_metrics, found.machine.id):
        at = newest.get(metric.id)
        listed[metric.id] = msgspec.structs.replace(
            metric, priority=len(listed), newest_at=None if at is None else _moment(at)
        )
    for id in sorted(set(newest) - set(listed)):
        listed[id] = Metric(id=id, name=title(id), priority=len(listed), newest_at=_moment(newest[id]))
    return list(listed.values())


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _remove(connection: Connection, actor: Actor, found: Found, metric_id: str, at: datetime) -> None:
    if not added.remove(connection, actor, found, metric_id, at):
        raise NotFound(
            f"The metric {metric_id[:255]!r} was not added to {found.machine.name!r}.",
            noun="metric",
            id=metric_id[:255],
        )
