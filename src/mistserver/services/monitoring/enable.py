"""Having a machine monitored: with an agent that is put there over SSH or by hand, or sampled without one."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Monitoring
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import Target
from mistserver.services.accounts.issue import hash_of, new_text
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import enabling, posts
from mistserver.services.monitoring.enabling import Enabling, Wish
from mistserver.services.rules.add import add_nodata
from mistserver.store import events, monitoring

ENABLE = "monitoring.enable"
INSTALL = "install the agent"
DATA = "wait for data"


class EnableMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`by_hand`: nothing is done on the machine; the answer has the commands.

    `agent` says whether collectd is to be installed, or the machine to be sampled without it. By default one is, but
    not where the provider runs commands, where collectd is not packaged, or where the user may not become root.
    """

    by_hand: bool = False
    agent: bool | None = None
    interval_s: int = 10


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What to run as root on the machine. It holds the machine's password, which is shown here and never again."""

    machine_id: str
    commands: str


async def submit(ctx: Context, actor: Actor, machine_id: str, request: EnableMonitoring) -> Job | ByHand:
    """Enable again gives the machine a new password; what it sent stays."""
    actor.require(Scope.OPERATE)
    if not 1 <= request.interval_s <= 3600:
        raise InvalidInput("The interval is 1 to 3600 seconds.", field="interval_s")
    found = await lookup.find(ctx, actor, machine_id)
    if not request.by_hand:
        found.require_usable()
    before = await ctx.database.read(monitoring.get, actor.account_id, found.machine.id)
    password, way = new_text(), _way(request, found)
    if way == "agentless" and before is not None and before.way == "agent":
        raise Conflict(f"{found.machine.name!r} has an agent; take it away first (mist disable-monitoring).")
    interval_s = request.interval_s
    record = Monitoring(machine_id=found.machine.id, way=way, enabled_at=ctx.now(), interval_s=interval_s)
    if request.by_hand:
        await ctx.database.write(_enable, ctx, actor, found, (record, hash_of(password)))
        ctx.metrics.distrust(found.machine.id)
        target = Target(enabling.public(ctx) + posts.PATH, found.machine.id, password, interval_s)
        commands = texts.by_hand(target)
        return ByHand(machine_id=found.machine.id, commands=commands)
    secret = {"password": password, "may_choose": request.agent is None and (before is None or before.way != "agent")}
    job = await ctx.database.write(_submit, ctx, actor, found, (record, secret))
    ctx.metrics.distrust(found.machine.id)
    return job


def _way(request: EnableMonitoring, found: Found) -> str:
    if request.by_hand:
        return "by_hand"
    wanted = request.agent if request.agent is not None else not found.provider.has_exec
    return "agent" if wanted else "agentless"


def _enable(connection: Connection, ctx: Context, actor: Actor, found: Found, kept: tuple[Monitoring, str]) -> None:
    record, secret_hash = kept
    monitoring.put(connection, actor.account_id, record, secret_hash)
    add_nodata(connection, actor, found.machine.id, record.interval_s, ctx.now())
    events.record(
        connection,
        actor,
        "monitoring.enabled",
        subject=found.subject,
        message=f"{found.machine.name} may send metrics",
        details={"way": record.way},
        at=ctx.now(),
    )


def _submit(
    connection: Connection, ctx: Context, actor: Actor, found: Found, kept: tuple[Monitoring, dict[str, Any]]
) -> Job:
    record, secret = kept
    new = NewJob.by(
        actor,
        ENABLE,
        f"monitor {found.machine.name}",
        subject=found.subject,
        params={"machine_id": found.machine.id, "name": found.machine.name, "interval_s": record.interval_s},
        secret=secret,
        steps=(INSTALL, DATA) if record.way == "agent" else (DATA,),
        dedup=f"machine:{found.machine.id}",
    )
    job = ctx.jobs.submit(connection, new)
    _enable(connection, ctx, actor, found, (record, hash_of(secret["password"])))
    return job


@handler(ENABLE)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Both steps may be done again: the script looks at what is there."""
    found = await ctx.database.read(lookup.found, job.account_id, job.job.params["machine_id"])
    work = Enabling(ctx, job, found, Wish(interval_s=job.job.params["interval_s"], **job.secret()))
    told: dict[str, Any] = {"way": "agentless"}
    if any(step.name == INSTALL for step in job.job.steps):
        told = await job.step(INSTALL, work.install)
    await job.step(DATA, work.wait_for_data)
    return {"machine_id": found.machine.id, "name": found.machine.name, **told}


async def enable_new(ctx: Context, job: RunningJob, machine_id: str) -> None:
    """As a step of the job that made the machine. Done again, it gives the machine another password."""
    found = await ctx.database.read(lookup.found, job.account_id, machine_id)
    way, password = _way(EnableMonitoring(), found), new_text()
    record = Monitoring(machine_id=machine_id, way=way, enabled_at=ctx.now())
    await ctx.database.write(_enable, ctx, job.actor, found, (record, hash_of(password)))
    work = Enabling(ctx, job, found, Wish(password, record.interval_s, may_choose=True))
    if way == "agent":
        await work.install()
    await work.wait_for_data()
