"""Start, stop, reboot, destroy or resize one machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotSupported,
    ProviderError,
    ProviderNotFound,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.domain.job import Job
from mistserver.domain.machine import Action, Machine, MachineReading, MachineState
from mistserver.jobs.engine import NewJob, RunningJob, handler
from mistserver.providers.base import Provider
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.services.host_key_book import book_of
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.pauses import before_another_try_s
from mistserver.services.machines.watch import Watch, why
from mistserver.store import associations, events, host_keys, inventory

DEADLINE_S = 600.0
_TRIES = 4
_CALLED = "ask the provider"
_WAITED = {
    Action.START: "wait until it runs",
    Action.STOP: "wait until it is stopped",
    Action.REBOOT: "wait until it runs",
    Action.DESTROY: "wait until it is gone",
    Action.RESIZE: "wait until it has its new size",
}
_MEANWHILE = {
    Action.START: MachineState.PENDING,
    Action.STOP: MachineState.PENDING,
    Action.REBOOT: MachineState.REBOOTING,
    Action.DESTROY: MachineState.PENDING,
    Action.RESIZE: MachineState.PENDING,
}


class ActOnMachine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`size` only for `resize`."""

    action: Action
    size: str | int | None = None


async def submit(ctx: Context, actor: Actor, machine_id: str, request: ActOnMachine) -> Job:
    """Start the action as a job; refused at once where the provider never can, or the machine's state forbids it."""
    actor.require(Scope.OPERATE)
    if (request.action == Action.RESIZE) != (request.size is not None):
        raise InvalidInput("A size belongs to resize, and only to it.", field="size")
    found = await lookup.find(ctx, actor, machine_id)
    if request.action not in found.provider.actions:
        raise NotSupported(
            f"{found.provider.title} cannot {request.action} machines.",
            provider=found.provider.id,
            action=request.action,
        )
    found.require_usable()
    if request.action not in found.machine.actions:
        found = await _read_again(ctx, found, request.action)
    return await ctx.database.write(_submit, ctx, actor, found, request)


async def _read_again(ctx: Context, found: Found, action: Action) -> Found:
    """What is known may be a minute old: the provider is asked before a user is refused."""
    machine = found.machine
    reading = await ctx.providers.call(ctx, found.stored, lambda provider: provider.read_machine(machine.external_id))
    if reading is None:
        if action == Action.DESTROY:
            return found
        raise Conflict(f"The machine {machine.name!r} is gone at its provider.", machine_id=machine.id)
    await ctx.database.write(inventory.put_reading, found.stored, reading, ctx.now())
    found = await ctx.database.read(lookup.found, found.stored.account_id, machine.id)
    _require_possible(found.machine, action)
    return found


def _require_possible(machine: Machine, action: Action) -> None:
    if action in machine.actions:
        return
    can = ", ".join(machine.actions) or "nothing"
    raise Conflict(
        f"The machine {machine.name!r} is {machine.state}, so it cannot be told to {action}; possible now: {can}.",
        machine_id=machine.id,
        state=machine.state,
        action=action,
    )


def _submit(connection: Connection, ctx: Context, actor: Actor, found: Found, request: ActOnMachine) -> Job:
    action, machine, now = request.action, found.machine, ctx.now()
    params = {
        "machine_id": machine.id,
        "name": machine.name,
        "external_id": machine.external_id,
        "backend_id": found.stored.id,
        "size": None if request.size is None else str(request.size),
    }
    new = NewJob.by(
        actor,
        f"machine.{action}",
        f"{action} {machine.name}",
        subject=found.subject,
        params=params,
        steps=(_CALLED, _WAITED[action]) if _waits(found.provider) else (_CALLED,),
        dedup=f"machine:{machine.id}",
    )
    job = ctx.jobs.submit(connection, new)
    events.record(
        connection,
        actor,
        f"machine.{action}.requested",
        subject=found.subject,
        message=new.title,
        job_id=job.id,
        at=now,
    )
    repeats.keep(connection, actor, job.id, now)
    return job


def _waits(provider: type[Provider]) -> bool:
    """Where nothing can be started or stopped, states say too little to wait for."""
    return Action.START in provider.actions or Action.DESTROY in provider.actions


async def run(ctx: Context, job: RunningJob) -> dict[str, Any]:
    """The doing: every call may be repeated, because every action may."""
    params = job.job.params
    action = Action(job.job.kind.removeprefix("machine."))
    result = {"machine_id": params["machine_id"], "name": params["name"]}
    try:
        found = await ctx.database.read(lookup.found, job.account_id, params["machine_id"])
    except NotFound:
        if action == Action.DESTROY:  # by this job, before the service stopped, or by somebody else
            return result
        raise
    await job.step(_CALLED, partial(_call, ctx, job, found, action))
    if _waits(found.provider):
        await job.step(_WAITED[action], partial(_wait, ctx, job, found, action))
    if action == Action.DESTROY:
        await _forget(ctx, job, found)
    return result


for _action in Action:
    handler(f"machine.{_action}")(run)


async def _call(ctx: Context, job: RunningJob, found: Found, action: Action) -> None:
    external_id = job.job.params["external_id"]
    calls: dict[Action, Callable[[Provider], None]] = {
        Action.START: lambda provider: provider.start(external_id),
        Action.STOP: lambda provider: provider.stop(external_id),
        Action.REBOOT: lambda provider: provider.reboot(external_id),
        Action.DESTROY: lambda provider: provider.destroy(external_id),
        Action.RESIZE: lambda provider: provider.resize(external_id, str(job.job.params["size"])),
    }
    until = (job.job.started_at or ctx.now()) + timedelta(seconds=DEADLINE_S)
    for attempt in count():
        try:
            await ctx.providers.call(ctx, found.stored, calls[action])
            break
        except ProviderNotFound:
            if action == Action.DESTROY:
                break
            raise
        except ProviderRateLimited as error:  # it surely did nothing, and says that it will
            if ctx.now() >= until:
                raise
            await job.pause(before_another_try_s(error, attempt))
        except ProviderError as error:
            # a second reboot would be one too many when only the answer to the first was lost
            if not error.retryable or attempt >= _TRIES - 1 or action == Action.REBOOT:
                raise
            await job.pause(2.0**attempt)
    if _waits(found.provider):
        state, now = _MEANWHILE[action], ctx.now()
        await ctx.database.write(inventory.set_state, job.account_id, found.machine.id, state, now)


async def _wait(ctx: Context, job: RunningJob, found: Found, action: Action) -> None:
    until = (job.job.started_at or ctx.now()) + timedelta(seconds=DEADLINE_S)
    watch = Watch(ctx, job, found.stored, until)
    late = f"{found.machine.name} did not come to the end of its {action} within {DEADLINE_S:g} s"
    external_id = job.job.params["external_id"]
    # a machine that is still booting misses the press of its power button
    again = (lambda provider: provider.stop(external_id)) if action == Action.STOP else None
    await watch.wait(external_id, lambda reading: _settled(found, action, reading), late, again)
    if action == Action.RESIZE:
        size = str(job.job.params["size"])
        await ctx.providers.call(ctx, found.stored, lambda provider: provider.finish_resize(external_id, size))


def _settled(found: Found, action: Action, reading: MachineReading | None) -> bool:
    if action == Action.DESTROY:
        return reading is None or reading.state == MachineState.TERMINATED
    name = found.machine.name
    if reading is None:
        raise ProviderRejected(f"{name} is gone at its provider.", backend_id=found.stored.id)
    if reading.state == MachineState.ERROR:
        said = f"{name} went into an error at its provider{why(reading)}."
        raise ProviderRejected(said, backend_id=found.stored.id)
    if action == Action.STOP:
        return reading.state in (MachineState.STOPPED, MachineState.TERMINATED)
    if action == Action.RESIZE:
        return reading.state in (MachineState.RUNNING, MachineState.STOPPED)
    return reading.state == MachineState.RUNNING


async def _forget(ctx: Context, job: RunningJob, found: Found) -> None:
    """The machine is gone: so is everything that was kept of it."""
    await ctx.database.write(_remove, ctx, job, found)
    owner = host_keys.machine_owner(found.machine.id)
    book_of(ctx).drop(owner)
    await ctx.ssh.forget(owner)


def _remove(connection: Connection, ctx: Context, job: RunningJob, found: Found) -> None:
    machine, now = found.machine, ctx.now()
    inventory.hide(connection, job.account_id, machine.id, now)
    associations.remove_all(connection, machine.id)
    host_keys.forget(connection, job.account_id, host_keys.machine_owner(machine.id))
    message = f"{machine.name} is gone"
    events.record(
        connection, job.actor, "machine.destroyed", subject=found.subject, message=message, job_id=job.id, at=now
    )
