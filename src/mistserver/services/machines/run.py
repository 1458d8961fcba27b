"""A command or script on many machines at once."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.job import TERMINAL, Job, JobState
from mistserver.domain.machine import Machine
from mistserver.domain.names import clean_tag, visible
from mistserver.jobs.engine import NewJob
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.services.machines import run_work
from mistserver.ssh.target import clean_user
from mistserver.store import events, job_items, jobs, machines

KIND = run_work.KIND
MAX_PARALLEL = 1000
MAX_TEXT = 1024 * 1024
_MAX_TIMEOUT_S = 7 * 24 * 3600
_TITLE = 80


class RunCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `command` and `script`, and one of `tag`, `machines` (ids) and `all`."""

    command: str | None = None
    script: str | None = None
    sudo: bool = False
    user: str | None = None
    tag: str | None = None
    machines: list[str] | None = None
    all: bool = False
    parallel: int | None = None
    timeout_s: float | None = None


async def submit(ctx: Context, actor: Actor, request: RunCommand) -> Job:
    """Start a run on the machines that match now, those that are stopped included; NotFound when none does."""
    actor.require(Scope.OPERATE)
    _check(request)
    job = await ctx.database.write(_submit, ctx, actor, request)
    await ctx.jobs.kick(job.id)
    return job


async def retry(ctx: Context, actor: Actor, job_id: str) -> Job:
    """The same run again, on those machines where it did not succeed."""
    actor.require(Scope.OPERATE)
    job = await ctx.database.write(_retry, ctx, actor, job_id)
    await ctx.jobs.kick(job.id)
    return job


def _check(request: RunCommand) -> None:
    if (request.command is None) == (request.script is None):
        raise InvalidInput("Give either a command or a script.", field="command")
    text = request.command if request.command is not None else request.script or ""
    field = "command" if request.command is not None else "script"
    if not text.strip():
        raise InvalidInput(f"The {field} is empty.", field=field)
    if "\0" in text or len(text) > MAX_TEXT:
        raise InvalidInput(f"The {field} may have at most {MAX_TEXT} characters and no NUL.", field=field)
    if sum((request.tag is not None, request.machines is not None, request.all)) != 1:
        raise InvalidInput("Say on which machines: give one of a tag, machines, or all.", field="machines")
    if request.user is not None:
        clean_user(request.user)
    if request.parallel is not None and not 1 <= request.parallel <= MAX_PARALLEL:
        raise InvalidInput(f"parallel goes from 1 to {MAX_PARALLEL}.", field="parallel")
    if request.timeout_s is not None and not 0 < request.timeout_s <= _MAX_TIMEOUT_S:
        raise InvalidInput(f"timeout_s goes from more than 0 to {_MAX_TIMEOUT_S}.", field="timeout_s")


def _submit(connection: Connection, ctx: Context, actor: Actor, request: RunCommand) -> Job:
    chosen = _select(connection, actor.account_id, request)
    params = {
        "command": request.command,
        "sudo": request.sudo,
        "user": request.user,
        "tag": request.tag,
        "all": request.all,
        "parallel": request.parallel or ctx.settings.run_parallel,
        "timeout_s": request.timeout_s or ctx.settings.run_timeout_s,
    }
    secret = {"script": request.script} if request.script is not None else None
    items = [(machine.id, machine.name) for machine in chosen]
    new = NewJob.by(actor, KIND, _title(request), params=params, secret=secret, items=items)
    job = _start(connection, ctx, actor, new)
    repeats.keep(connection, actor, job.id, ctx.now())
    return job


def _start(connection: Connection, ctx: Context, actor: Actor, new: NewJob) -> Job:
    job = ctx.jobs.submit(connection, new)
    events.record(
        connection,
        actor,
        "run.requested",
        subject=("job", job.id, new.title),
        message=f"{new.title} on {len(new.items)} machine{'s' if len(new.items) != 1 else ''}",
        details={"machines": len(new.items), "sudo": bool(new.params["sudo"])},
        job_id=job.id,
        at=ctx.now(),
    )
    return job


def _select(connection: Connection, account_id: str, request: RunCommand) -> list[Machine]:
    if request.machines is not None:
        wanted = list(dict.fromkeys(request.machines))
        found = machines.get_many(connection, account_id, wanted)
        missing = set(wanted) - {machine.id for machine in found}
        if missing:
            lost = min(missing)
            raise NotFound(f"There is no machine with the id {lost[:64]!r}.", noun="machine", id=lost[:80])
        reason = "No machine was named."
    else:
        tag = clean_tag(request.tag) if request.tag is not None else None
        found = machines.find(connection, account_id, machines.Filter(tag=tag))
        reason = f"No machines found with tag: {tag}" if tag is not None else "There are no machines yet."
    if not found:
        raise NotFound(reason, noun="machine", matched=0)
    return found


def _title(request: RunCommand) -> str:
    text = visible(" ".join((request.command or "").split())) if request.command is not None else "script"
    return f"run {text}" if len(text) <= _TITLE else f"run {text[: _TITLE - 1]}…"


def _retry(connection: Connection, ctx: Context, actor: Actor, job_id: str) -> Job:
    old = jobs.get(connection, actor.account_id, job_id)
    stored = jobs.load(connection, job_id) if old is not None else None
    if old is None or stored is None or old.kind != KIND:
        raise NotFound(f"There is no run with the id {job_id[:64]!r}.", noun="job", id=job_id[:80])
    if old.state not in TERMINAL:
        raise InvalidInput(f"The run {job_id} is still {old.state}; wait for its end.", field="job")
    failed = _unsuccessful(connection, job_id)
    if not failed:
        raise NotFound(f"The run {job_id} failed nowhere.", noun="machine", matched=0)
    params: dict[str, Any] = {**old.params, "retry_of": job_id}
    secret = ctx.jobs.secret_of(stored) or None
    new = NewJob.by(actor, KIND, old.title, params=params, secret=secret, items=failed)
    return _start(connection, ctx, actor, new)


def _unsuccessful(connection: Connection, job_id: str) -> list[tuple[str, str]]:
    items = job_items.page(connection, job_id, job_items.ItemQuery(limit=1_000_000))
    return [(item.machine_id, item.machine_name) for _, item in items if item.state != JobState.SUCCEEDED]
