"""Which Python files make metrics on a machine, and having one make them no more."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Plugin
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import reach
from mistserver.services.monitoring.plugins import deployed
from mistserver.services.monitoring.shown import require_enabled
from mistserver.store import events, monitoring, plugins
from mistserver.store.plugins import StoredPlugin

REMOVE = "monitoring.plugin.remove"
TAKE = "take it from the machine"


async def list_all(ctx: Context, actor: Actor, machine_id: str) -> list[Plugin]:
    """By id; those that failed say why."""
    actor.require(Scope.READ)
    found = await require_enabled(ctx, actor, machine_id)
    return [stored.plugin for stored in await ctx.database.read(plugins.of_machine, found.machine.id)]


async def submit(ctx: Context, actor: Actor, machine_id: str, plugin_id: str) -> Job:
    """From the end of the job on it is not run any more; what came of it is kept, but not shown.

    A machine with an agent has to be reached for that.
    """
    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    stored = await ctx.database.read(plugins.get, found.machine.id, plugin_id)
    if stored is None:
        raise NotFound(
            f"The machine {found.machine.name!r} has no custom metric {plugin_id[:128]!r}.",
            noun="plugin",
            id=plugin_id[:128],
        )
    record = await ctx.database.read(monitoring.get, actor.account_id, found.machine.id)
    on_machine = record is not None and record.way == "agent"
    if on_machine:
        found.require_usable()
    new = NewJob.by(
        actor,
        REMOVE,
        f"remove the custom metric {stored.plugin.name} from {found.machine.name}",
        subject=found.subject,
        params={"machine_id": found.machine.id, "plugin_id": plugin_id},
        steps=(TAKE,) if on_machine else (),
        dedup=f"machine:{found.machine.id}",
    )
    return await ctx.database.write(ctx.jobs.submit, new)


@handler(REMOVE)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """The machine comes first: one that cannot be reached leaves everything as it is."""
    machine_id, plugin_id = job.job.params["machine_id"], job.job.params["plugin_id"]
    found = await ctx.database.read(lookup.found, job.account_id, machine_id)
    if job.job.steps:
        await job.step(TAKE, _take, ctx, job, found)
    stored = await ctx.database.read(plugins.get, machine_id, plugin_id)
    if stored is not None:
        await ctx.database.write(_remove, ctx, job.actor, found, stored)
    return {"machine_id": machine_id, "plugin_id": plugin_id}


async def _take(ctx: Context, job: RunningJob, found: Found) -> None:
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    wanted = (await deployed.known(ctx, found)).without_file(job.job.params["plugin_id"])
    await deployed.put(ctx, opened, found, wanted)


def _remove(connection: Connection, ctx: Context, actor: Actor, found: Found, stored: StoredPlugin) -> None:
    plugin = stored.plugin
    plugins.remove(connection, plugin.machine_id, plugin.id)
    monitoring.remove_metric(connection, plugin.machine_id, plugin.metric_id)
    events.record(
        connection,
        actor,
        "plugin.removed",
        subject=found.subject,
        message=f"{plugin.name} is measured no more",
        details={"plugin_id": plugin.id, "metric_id": plugin.metric_id},
        at=ctx.now(),
    )
