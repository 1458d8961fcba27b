"""Having a machine monitored no more: its agent is taken away where Mist put it there."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.job import Job
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import reach
from mistserver.services.monitoring.agent import on_machine
from mistserver.services.monitoring.shown import require_enabled
from mistserver.store import events, monitoring, rules

DISABLE = "monitoring.disable"
REMOVE = "remove the agent"


class DisableMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`by_hand`: nothing is done on the machine, whatever is there."""

    by_hand: bool = False


async def submit(ctx: Context, actor: Actor, machine_id: str, request: DisableMonitoring) -> Job:
    """From now on nothing of the machine is taken; what it sent is dropped when its agent is gone."""
    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    record = await ctx.database.read(monitoring.get, actor.account_id, found.machine.id)
    removes = record is not None and record.way == "agent" and not request.by_hand
    if removes:
        found.require_usable()
    return await ctx.database.write(_submit, ctx, actor, found, removes)


def _submit(connection: Connection, ctx: Context, actor: Actor, found: Found, removes: bool) -> Job:
    new = NewJob.by(
        actor,
        DISABLE,
        f"monitor {found.machine.name} no more",
        subject=found.subject,
        params={"machine_id": found.machine.id, "name": found.machine.name, "removes": removes},
        steps=(REMOVE,) if removes else (),
        dedup=f"machine:{found.machine.id}",
    )
    return ctx.jobs.submit(connection, new)


@handler(DISABLE)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """The agent goes first: one that cannot be reached leaves everything as it is, so that it can be tried again."""
    found = await ctx.database.read(lookup.found, job.account_id, job.job.params["machine_id"])
    if job.job.params["removes"]:
        await job.step(REMOVE, _remove, ctx, job, found)
    await ctx.database.write(_disable, ctx, job.actor, found)
    ctx.metrics.distrust(found.machine.id)
    # afterwards, since nothing more is taken of the machine now
    await (await ctx.metrics.store()).forget(found.machine.id)
    return {"machine_id": found.machine.id, "name": found.machine.name}


async def _remove(ctx: Context, job: RunningJob, found: Found) -> None:
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    await on_machine(opened, found, "remove")


def _disable(connection: Connection, ctx: Context, actor: Actor, found: Found) -> None:
    rules.delete_of_machine(connection, found.machine.id)
    if monitoring.remove(connection, found.machine.id):
        events.record(
            connection,
            actor,
            "monitoring.disabled",
            subject=found.subject,
            message=f"{found.machine.name} is monitored no more",
            at=ctx.now(),
        )
