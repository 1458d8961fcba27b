"""Plugins that a machine's collectd has and does not load by itself: having one loaded, and unloaded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor
from mistserver.domain.errors import MachineTimeout
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Metric, Monitoring
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.monitoring.agent.plugins import loadable
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import reach
from mistserver.services.monitoring import added
from mistserver.services.monitoring.plugins import deployed
from mistserver.store import monitoring

LOAD = "monitoring.collectd.load"
UNLOAD = "monitoring.collectd.unload"
CHANGE = "change the agent"
DATA = "wait for data"
FIRST_DATA_S = 30.0
MOST_SHOWN = 12  # of one plugin, when none is called like it
_LOOK_S = 0.5


class AddMetric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a metric is shown; by default under its id."""

    name: str | None = None
    unit: str = ""


def offered(record: Monitoring | None) -> list[str]:
    """Names of plugins that can be loaded there; none without an agent of Mist's."""
    if record is None or record.way != "agent":
        return []
    return loadable(record.collectd_has, record.collectd_loads)


def is_of(metric_id: str, plugin: str) -> bool:
    return metric_id == plugin or metric_id.startswith(f"{plugin}.")


async def submit_load(ctx: Context, actor: Actor, found: Found, plugin: str, request: AddMetric) -> Job:
    """What comes of it is shown then. When collectd does not come up with it, or nothing comes, it is undone."""
    params = {"plugin": plugin, "name": request.name, "unit": request.unit}
    return await _submit(ctx, actor, found, (LOAD, f"have {found.machine.name} measure {plugin}"), params)


async def submit_unload(ctx: Context, actor: Actor, found: Found, plugin: str) -> Job:
    """What came of it is kept, but not shown."""
    return await _submit(
        ctx, actor, found, (UNLOAD, f"have {found.machine.name} measure {plugin} no more"), {"plugin": plugin}
    )


async def _submit(ctx: Context, actor: Actor, found: Found, what: tuple[str, str], params: dict[str, Any]) -> Job:
    found.require_usable()
    kind, title = what
    new = NewJob.by(
        actor,
        kind,
        title,
        subject=found.subject,
        params={"machine_id": found.machine.id, **params},
        steps=(CHANGE, DATA) if kind == LOAD else (CHANGE,),
        dedup=f"machine:{found.machine.id}",
    )
    return await ctx.database.write(ctx.jobs.submit, new)


@handler(LOAD)
async def load(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Its metrics that are shown now are in the result."""
    found = await ctx.database.read(lookup.found, job.account_id, job.job.params["machine_id"])
    plugin = job.job.params["plugin"]
    since = await job.step(CHANGE, _change, ctx, job, found, True)
    try:
        came = await job.step(DATA, _wait_for_data, ctx, job, found, since)
    except MachineTimeout:
        await _change(ctx, job, found, False)
        raise
    metrics = _shown(came, job.job.params)
    await ctx.database.write(_show, job.actor, found, metrics, ctx.now())
    return {"machine_id": found.machine.id, "plugin": plugin, "metrics": [metric.id for metric in metrics]}


@handler(UNLOAD)
async def unload(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """The machine comes first: one that cannot be reached leaves everything as it is."""
    found = await ctx.database.read(lookup.found, job.account_id, job.job.params["machine_id"])
    plugin = job.job.params["plugin"]
    await job.step(CHANGE, _change, ctx, job, found, False)
    await ctx.database.write(_show_no_more, job.actor, found, plugin, ctx.now())
    return {"machine_id": found.machine.id, "plugin": plugin}


async def _change(ctx: Context, job: RunningJob, found: Found, loads: bool) -> int:
    """The second from which on what comes is of the changed agent."""
    plugin = job.job.params["plugin"]
    wanted = await deployed.known(ctx, found)
    others = [each for each in wanted.loads if each != plugin]
    wanted = wanted.loading([*others, plugin] if loads else others)
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    since = int(ctx.now().timestamp())
    await deployed.put(ctx, opened, found, wanted)
    await ctx.database.write(monitoring.collectd_loads, found.machine.id, wanted.loads)
    return since


async def _wait_for_data(ctx: Context, job: RunningJob, found: Found, since: int) -> list[str]:
    plugin, waited_s, store = job.job.params["plugin"], 0.0, await ctx.metrics.store()
    record = await ctx.database.read(monitoring.get, job.account_id, found.machine.id)
    longest_s = max(FIRST_DATA_S, 2.5 * record.interval_s if record else 0)
    while True:
        known = await store.known(found.machine.id)
        came = [each.name for each in known if is_of(each.name, plugin) and each.newest >= since]
        if came:
            return came
        if waited_s >= longest_s:
            raise MachineTimeout(
                f"collectd on {found.machine.name} loaded its plugin {plugin}, but nothing came of it within "
                f"{longest_s:g} s, so that it was unloaded again; it may need a configuration of its own."
            )
        await job.pause(_LOOK_S)
        waited_s += _LOOK_S


def _shown(came: list[str], params: dict[str, Any]) -> list[Metric]:
    """The one that is called like the plugin; else the first ones."""
    from mistserver.monitoring.names import title

    plugin = params["plugin"]
    ids = [plugin] if plugin in came else sorted(came)[:MOST_SHOWN]
    named = params["name"] if len(ids) == 1 else None
    return [Metric(id=id, name=named or title(id), unit=params["unit"], shown=True) for id in ids]


def _show(connection: Connection, actor: Actor, found: Found, metrics: list[Metric], at: datetime) -> None:
    for metric in metrics:
        added.add(connection, actor, found, metric, at)


def _show_no_more(connection: Connection, actor: Actor, found: Found, plugin: str, at: datetime) -> None:
    for metric in monitoring.added_metrics(connection, found.machine.id):
        if is_of(metric.id, plugin):
            added.remove(connection, actor, found, metric.id, at)
