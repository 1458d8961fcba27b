"""Having a machine monitored: with an agent that is put there over SSH, or by hand."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import InvalidInput, MachineError, MachineTimeout, MistError
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Monitoring
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.monitoring.agent import texts
from mistserver.monitoring.agent.texts import FOLDER, Target
from mistserver.services.accounts.issue import hash_of, new_text
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import Captured, Opened, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import reach
from mistserver.store import events, monitoring

ENABLE = "monitoring.enable"
INSTALL = "install the agent"
DATA = "wait for data"
INSTALL_S = 600.0
FIRST_DATA_S = 45.0
_LOOK_S = 1.0
INTAKE = "/api/v1/intake/collectd"


class EnableMonitoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`by_hand`: nothing is done on the machine; the answer has the commands."""

    by_hand: bool = False
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
    password = new_text()
    way = "by_hand" if request.by_hand else "agent"
    record = Monitoring(machine_id=found.machine.id, way=way, enabled_at=ctx.now())
    if request.by_hand:
        await ctx.database.write(_enable, ctx, actor, found, (record, hash_of(password)))
        commands = texts.by_hand(_target(ctx, found.machine.id, password, request.interval_s))
        return ByHand(machine_id=found.machine.id, commands=commands)
    secret = {"password": password, "interval_s": request.interval_s}
    return await ctx.database.write(_submit, ctx, actor, found, (record, secret))


def _enable(connection: Connection, ctx: Context, actor: Actor, found: Found, kept: tuple[Monitoring, str]) -> None:
    record, secret_hash = kept
    monitoring.put(connection, actor.account_id, record, secret_hash)
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
        params={"machine_id": found.machine.id, "name": found.machine.name},
        secret=secret,
        steps=(INSTALL, DATA),
        dedup=f"machine:{found.machine.id}",
    )
    job = ctx.jobs.submit(connection, new)
    _enable(connection, ctx, actor, found, (record, hash_of(secret["password"])))
    return job


@handler(ENABLE)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Both steps may be done again: the script looks at what is there."""
    found = await ctx.database.read(lookup.found, job.account_id, job.job.params["machine_id"])
    said = await job.step(INSTALL, _install, ctx, job, found)
    await job.step(DATA, _wait_for_data, ctx, job, found)
    await ctx.database.write(monitoring.is_installed, found.machine.id, ctx.now())
    return {"machine_id": found.machine.id, "name": found.machine.name, "said": said}


async def _install(ctx: Context, job: RunningJob, found: Found) -> str:
    secret = job.secret()
    target = _target(ctx, found.machine.id, secret["password"], secret["interval_s"])
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    return await on_machine(opened, found, "install", texts.configuration(target).encode())


async def on_machine(opened: Opened, found: Found, name: str, stdin: bytes = b"") -> str:
    """Run one of the agent's scripts as root; MachineError with its own words when it fails."""
    said = Captured(limit=64 * 1024)
    # the script is the shell's argument, so that its standard input is free for what must not be seen
    text = f"DIR={FOLDER} exec sh -c {shlex.quote(texts.script(name))}"
    order = Order(text=text, stdin=stdin, sudo=opened.user != "root", timeout_s=INSTALL_S)
    outcome = await opened.run(order, said.take)
    if outcome.timed_out:
        raise MachineTimeout(f"{found.machine.name} did not finish within {INSTALL_S:g} s ({name} the agent).")
    if not outcome.ok:
        words = said.text("stderr").strip().splitlines()[-3:] or [f"exit code {outcome.exit_code}"]
        raise MachineError(f"{found.machine.name} could not {name} the agent: {' '.join(words)}")
    return said.text().strip()


async def _wait_for_data(ctx: Context, job: RunningJob, found: Found) -> None:
    """Until samples newer than the installation came; else with what the agent's log says."""
    store = await ctx.metrics.store()
    since = int(ctx.now().timestamp()) - 1
    waited_s = 0.0
    while not any(each.newest >= since for each in await store.known(found.machine.id)):
        if waited_s >= FIRST_DATA_S:
            raise MachineTimeout(
                f"The agent runs on {found.machine.name}, but nothing came within {FIRST_DATA_S:g} s. "
                f"Can that machine reach {_public(ctx)} (--public-url)?{await _log(ctx, job, found)}"
            )
        await job.pause(_LOOK_S)
        waited_s += _LOOK_S


async def _log(ctx: Context, job: RunningJob, found: Found) -> str:
    said = Captured(limit=4096)
    try:
        opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
        text = f"tail -n 2 {FOLDER}/log"
        await opened.run(Order(text=text, sudo=opened.user != "root", timeout_s=20.0), said.take)
    except MistError:
        return ""
    words = " ".join(said.text().split())
    return f" Its log says: {words}" if words else ""


def _target(ctx: Context, machine_id: str, password: str, interval_s: int) -> Target:
    return Target(_public(ctx) + INTAKE, machine_id, password, interval_s)


def _public(ctx: Context) -> str:
    settings = ctx.settings
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
