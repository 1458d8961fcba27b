"""Having a Python file make a metric on a machine."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import InvalidInput, MachineTimeout, NotSupported, TooLarge
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Metric, Plugin
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.monitoring.plugins.answers import Run
from mistserver.monitoring.plugins.names import metric_of, plugin_id
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import reach
from mistserver.services.monitoring.plugins import deployed, sampled
from mistserver.services.monitoring.plugins.check import check
from mistserver.services.monitoring.shown import require_enabled
from mistserver.store import events, monitoring, plugins
from mistserver.store.plugins import StoredPlugin

ADD = "monitoring.plugin.add"
CHECK = "try the file"
PUT = "put it in place"
DATA = "wait for data"
MOST_BYTES = 256 * 1024
FIRST_DATA_S = 45.0
_LOOK_S = 0.5
VALUE_TYPES = ("gauge", "derive")


class AddPlugin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`code` is the text of a Python file with a function read(), which answers a number, or None for no sample.

    `value_type` derive: read() answers a counter, which is shown as a rate per second.
    """

    name: str
    code: str
    unit: str = ""
    value_type: str = "gauge"

    def __repr__(self) -> str:
        return f"AddPlugin(name={self.name!r})"


async def submit(ctx: Context, actor: Actor, machine_id: str, request: AddPlugin) -> Job:
    """The job tries the file on the machine first. One that was added under this name before is replaced."""
    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    found.require_usable()
    id = plugin_id(request.name)
    if request.value_type not in VALUE_TYPES:
        raise InvalidInput(f"A metric's type is one of {', '.join(VALUE_TYPES)}.", field="value_type")
    if len(request.code.encode()) > MOST_BYTES:
        raise TooLarge(f"A file of a custom metric may have {MOST_BYTES} bytes.", field="code")
    await require_way(ctx, found, actor.account_id)
    params = {
        "machine_id": found.machine.id,
        "plugin_id": id,
        "name": request.name,
        "unit": request.unit,
        "value_type": request.value_type,
    }
    new = NewJob.by(
        actor,
        ADD,
        f"add the custom metric {request.name} to {found.machine.name}",
        subject=found.subject,
        params=params,
        secret={"code": request.code},
        steps=(CHECK, PUT, DATA),
        dedup=f"machine:{found.machine.id}",
    )
    return await ctx.database.write(ctx.jobs.submit, new)


async def require_way(ctx: Context, found: Found, account_id: str) -> str:
    """How the machine is monitored: with an agent, or sampled. NotSupported where Mist has changed nothing on it."""
    record = await ctx.database.read(monitoring.get, account_id, found.machine.id)
    way = "" if record is None else record.way
    if way not in ("agent", "agentless"):
        raise NotSupported(
            f"{found.machine.name!r} sends its metrics by itself (--no-ssh), and Mist changes nothing there; custom "
            "metrics need it enabled without that (mist enable-monitoring).",
            feature="custom metrics",
        )
    return way


@handler(ADD)
async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """Nothing is kept of a file that does not pass its trial, or of which no sample comes."""
    params = job.job.params
    found = await ctx.database.read(lookup.found, job.account_id, params["machine_id"])
    tried = await job.step(CHECK, _check, ctx, job, found)
    before = await ctx.database.read(plugins.get, found.machine.id, params["plugin_id"])
    await job.step(PUT, _put, ctx, job, found)
    if tried["answers_numbers"]:
        try:
            await job.step(DATA, _wait_for_data, ctx, job, found)
        except MachineTimeout:
            await _put_back(ctx, found, params, before)
            raise
    return {
        "machine_id": found.machine.id,
        "name": params["name"],
        "metric_id": metric_of(params["plugin_id"]),
        "stdout": tried["stdout"],
    }


async def _check(ctx: Context, job: RunningJob, found: Found) -> dict[str, Any]:
    way = await require_way(ctx, found, job.account_id)
    opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
    # as whom it will be run: the agent is root
    sudo = way == "agent" and opened.user != "root"
    tried = await check(opened, found, Run(job.job.params["plugin_id"], _code(job)), sudo=sudo)
    return {"stdout": tried.transcript, "answers_numbers": tried.answers_numbers}


def _code(job: RunningJob) -> bytes:
    code: str = job.secret()["code"]
    return code.encode()


async def _put(ctx: Context, job: RunningJob, found: Found) -> None:
    params, now = job.job.params, ctx.now()
    plugin = Plugin(
        id=params["plugin_id"],
        machine_id=found.machine.id,
        name=params["name"],
        metric_id=metric_of(params["plugin_id"]),
        unit=params["unit"],
        value_type=params["value_type"],
        changed_at=now,
    )
    sealed = ctx.vault.seal(_code(job), sampled.purpose(found.machine.id, plugin.id))
    stored = StoredPlugin(plugin, job.account_id, sealed)
    if await require_way(ctx, found, job.account_id) == "agent":
        opened = await open_way(ctx, await reach(ctx, job.account_id, found.machine))
        await deployed.put(ctx, opened, found, (await deployed.known(ctx, found)).with_file(stored))
    await ctx.database.write(_keep, job.actor, found, stored)


def _keep(connection: Connection, actor: Actor, found: Found, stored: StoredPlugin) -> None:
    plugin = stored.plugin
    plugins.put(connection, stored)
    metric = Metric(id=plugin.metric_id, name=plugin.name, unit=plugin.unit, shown=True)
    monitoring.add_metric(connection, plugin.machine_id, metric, plugin.changed_at)
    events.record(
        connection,
        actor,
        "plugin.added",
        subject=found.subject,
        message=f"{plugin.name} is measured as {plugin.metric_id}",
        details={"plugin_id": plugin.id, "metric_id": plugin.metric_id},
        at=plugin.changed_at,
    )


async def _wait_for_data(ctx: Context, job: RunningJob, found: Found) -> None:
    params = job.job.params
    stored = await ctx.database.read(plugins.get, found.machine.id, params["plugin_id"])
    since = int(stored.plugin.changed_at.timestamp()) if stored else 0
    metric, waited_s, store = metric_of(params["plugin_id"]), 0.0, await ctx.metrics.store()
    while not any(each.name == metric and each.newest >= since for each in await store.known(found.machine.id)):
        if waited_s >= FIRST_DATA_S:
            raise MachineTimeout(
                f"The file passed its trial on {found.machine.name}, but nothing came of it within {FIRST_DATA_S:g} s."
            )
        await job.pause(_LOOK_S)
        waited_s += _LOOK_S


async def _put_back(ctx: Context, found: Found, params: dict[str, Any], before: StoredPlugin | None) -> None:
    await ctx.database.write(_put_back_here, params, before)
    if await require_way(ctx, found, found.stored.account_id) == "agent":
        opened = await open_way(ctx, await reach(ctx, found.stored.account_id, found.machine))
        await deployed.put(ctx, opened, found, await deployed.known(ctx, found))


def _put_back_here(connection: Connection, params: dict[str, Any], before: StoredPlugin | None) -> None:
    machine_id, id = params["machine_id"], params["plugin_id"]
    if before is not None:
        plugins.put(connection, before)
        return
    plugins.remove(connection, machine_id, id)
    monitoring.remove_metric(connection, machine_id, metric_of(id))
