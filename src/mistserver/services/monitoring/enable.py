"""Having a machine monitored: with an agent that is put there over SSH or by hand, or sampled without one."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput, MachineTimeout
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Monitoring
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import Target
from mistserver.services.accounts.issue import hash_of, new_text
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import Opened, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import SshWay, reach
from mistserver.services.monitoring import agent, posts, tunnel
from mistserver.services.monitoring.agent import NotPackaged
from mistserver.services.monitoring.tunnel import NoTunnel
from mistserver.services.rules.add import add_nodata
from mistserver.store import events, monitoring

ENABLE = "monitoring.enable"
INSTALL = "install the agent"
DATA = "wait for data"
FIRST_DATA_S = 45.0
_LOOK_S = 1.0
UNTOLD_S = 20.0  # without data after that, a machine that could not tell whether it reaches the service does not


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
        commands = texts.by_hand(_target(ctx, found.machine.id, password, request.interval_s))
        return ByHand(machine_id=found.machine.id, commands=commands)
    secret = {"password": password, "may_choose": request.agent is None and (before is None or before.way != "agent")}
    return await ctx.database.write(_submit, ctx, actor, found, (record, secret))


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
    told: dict[str, Any] = {"way": "agentless"}
    if any(step.name == INSTALL for step in job.job.steps):
        told = await job.step(INSTALL, _install, ctx, job, found)
    await job.step(DATA, _wait_for_data, ctx, job, found)
    await ctx.database.write(monitoring.is_installed, found.machine.id, ctx.now())
    return {"machine_id": found.machine.id, "name": found.machine.name, **told}


async def _install(ctx: Context, job: RunningJob, found: Found) -> dict[str, Any]:
    """What was done: `way`, and `said`, or `why` there is no agent."""
    may_choose = job.secret()["may_choose"]
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    seen = await agent.look(opened, found, _public(ctx) + "/healthz")
    if not seen.root and may_choose:
        return await _agentless(ctx, found, f"{opened.user or 'its user'} may not become root there")
    try:
        return await _put_there(ctx, job, found, opened, through_ssh=seen.reaches is False)
    except (NotPackaged, NoTunnel) as error:
        if not may_choose:
            raise
        return await _agentless(ctx, found, error.message)


async def _put_there(
    ctx: Context, job: RunningJob, found: Found, opened: Opened, *, through_ssh: bool
) -> dict[str, Any]:
    port = await tunnel.free_port(opened, found) if through_ssh else None
    await ctx.database.write(monitoring.choose_way, found.machine.id, "agent", port)
    url = tunnel.url(port) if port else _public(ctx) + posts.PATH
    target = Target(url, found.machine.id, job.secret()["password"], job.job.params["interval_s"])
    said = await agent.on_machine(opened, found, "install", texts.configuration(target).encode())
    return {"way": "agent", "said": said, "through_ssh": through_ssh}


async def _agentless(ctx: Context, found: Found, why: str) -> dict[str, Any]:
    await ctx.database.write(monitoring.choose_way, found.machine.id, "agentless")
    return {"way": "agentless", "why": why}


async def _wait_for_data(ctx: Context, job: RunningJob, found: Found) -> None:
    """Until samples newer than the installation came; else with what is known of the reason."""
    since = int(ctx.now().timestamp()) - 1
    record = await ctx.database.read(monitoring.get, job.account_id, found.machine.id)
    if record is not None and record.way == "agent" and record.tunnel_port is None:
        if await _came(ctx, job, found, since, UNTOLD_S):
            return
        opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
        if isinstance(opened.way, SshWay):
            await _put_there(ctx, job, found, opened, through_ssh=True)
    if not await _came(ctx, job, found, since, FIRST_DATA_S):
        raise MachineTimeout(await _nothing(ctx, job, found))


async def _came(ctx: Context, job: RunningJob, found: Found, since: int, within_s: float) -> bool:
    store = await ctx.metrics.store()
    waited_s = 0.0
    while not any(each.newest >= since for each in await store.known(found.machine.id)):
        if waited_s >= within_s:
            return False
        await job.pause(_LOOK_S)
        waited_s += _LOOK_S
    return True


async def _nothing(ctx: Context, job: RunningJob, found: Found) -> str:
    record = await ctx.database.read(monitoring.get, job.account_id, found.machine.id)
    # where the machine cannot be reached, that is what is said
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    if record is None or record.way != "agent":
        return f"{found.machine.name} could not be sampled within {FIRST_DATA_S:g} s; the service's log says why."
    words = await agent.log_of(opened)
    return (
        f"The agent runs on {found.machine.name}, but nothing came within {FIRST_DATA_S:g} s. "
        f"Can that machine reach {_public(ctx)} (--public-url)?{f' Its log says: {words}' if words else ''}"
    )


def _target(ctx: Context, machine_id: str, password: str, interval_s: int) -> Target:
    return Target(_public(ctx) + posts.PATH, machine_id, password, interval_s)


def _public(ctx: Context) -> str:
    settings = ctx.settings
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
