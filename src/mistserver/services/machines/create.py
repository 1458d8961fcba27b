"""Asking for a new machine, or several of one kind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput, NotFound, NotSupported
from mistserver.domain.ids import new_id
from mistserver.domain.job import Job
from mistserver.domain.machine import MachineState
from mistserver.domain.names import clean_name, clean_tag, visible
from mistserver.jobs.engine import NewJob
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.providers.capabilities import listings
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.services.machines import create_plan, create_work, lookup
from mistserver.services.machines.create_plan import Asked, Told
from mistserver.store import associations, backends, events, inventory, keys, tags
from mistserver.store.backends import StoredBackend
from mistserver.store.keys import StoredKey
from mistserver.store.readings import Shown, asked_for

KIND = create_plan.KIND
WORK = create_work.run
MOST = 100
DEFAULT_TIMEOUT_S = 600.0
_LONGEST_TIMEOUT_S = 24 * 3600
_LONGEST_SCRIPT = 1024 * 1024
_PENDING_LONGER = timedelta(minutes=2)


class CreateMachine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`backend` and `key` are names or ids. Image, size, location and networks are ids of the provider; 0 is one too.

    `wait` says when the job ends: when the machine runs, or when it answered a command over SSH; a script needs the
    latter, and so does `monitoring`, which is enabled last. `extra` holds what only some providers take.
    """

    backend: str
    name: str
    image: str | int
    size: str | int | None = None
    location: str | int | None = None
    key: str | None = None
    networks: list[str | int] = []
    script: str | None = None
    sudo: bool = False
    user_data: str | None = None
    tags: list[str] = []
    monitoring: bool = False
    wait: Literal["running", "ssh"] = "running"
    wait_timeout_s: float | None = None
    quantity: int = 1
    extra: dict[str, Any] = {}


async def submit(ctx: Context, actor: Actor, request: CreateMachine) -> Job:
    """Check what can be checked without the provider, show the machine as pending, and leave the rest to a job."""
    actor.require(Scope.OPERATE)
    return await ctx.database.write(_submit, ctx, actor, _cleaned(request))


def _cleaned(request: CreateMachine) -> CreateMachine:
    if not 1 <= request.quantity <= MOST:
        raise InvalidInput(f"The quantity is {request.quantity}; give 1 to {MOST}.", field="quantity")
    timeout_s = DEFAULT_TIMEOUT_S if request.wait_timeout_s is None else request.wait_timeout_s
    if not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
        raise InvalidInput("wait_timeout_s goes from more than 0 to 86400.", field="wait_timeout_s")
    for field, text in (("script", request.script), ("user_data", request.user_data)):
        if text is not None and ("\0" in text or len(text) > _LONGEST_SCRIPT or not text.strip()):
            raise InvalidInput(f"The {field} must not be empty, longer than 1 MiB, or hold NUL.", field=field)
    return msgspec.structs.replace(
        request,
        name=clean_name(request.name, "machine"),
        image=_id(request.image, "image") or _missing("image", "list-images"),
        size=_id(request.size, "size"),
        location=_id(request.location, "location"),
        networks=[network for network in (_id(item, "networks") for item in request.networks) if network],
        tags=list(dict.fromkeys(clean_tag(tag) for tag in request.tags)),
        wait="ssh" if request.script is not None or request.monitoring else request.wait,
        wait_timeout_s=timeout_s,
    )


def _id(value: str | int | None, field: str) -> str | None:
    """An id of the provider as text. Only nothing is nothing: 0 is an id."""
    if value is None or value == "":
        return None
    return clean_name(str(value), "machine", field, 1024)


def _missing(field: str, listing: str) -> str:
    raise InvalidInput(f"Name the {field} to create the machine with; mist {listing} shows what there is.", field=field)


def _submit(connection: Connection, ctx: Context, actor: Actor, request: CreateMachine) -> Job:
    stored = _backend(connection, actor.account_id, request.backend)
    provider = registry.load(stored.backend.provider)
    if not provider.creates:
        raise NotSupported(f"{provider.title} cannot create machines.", provider=provider.id)
    if request.networks and "networks" not in listings(provider):
        raise NotSupported(f"{provider.title} has no networks to choose from; leave them out.", provider=provider.id)
    if provider.needs_size and request.size is None:
        _missing("size", "list-sizes")
    key = _key(connection, actor.account_id, request, provider)
    job_id, now = new_id(), ctx.now()
    until = now + timedelta(seconds=request.wait_timeout_s or DEFAULT_TIMEOUT_S) + _PENDING_LONGER
    told, asked = _told(request, provider), []
    for index, name in enumerate(_names(request)):
        mark = f"{job_id}-{index}"
        provider.check_spec(create_plan.spec(told, name, mark, key))
        asked.append(_pending(connection, stored, request, (name, mark), (until, now)))
    _remember(connection, provider, key, asked, request)
    job = ctx.jobs.submit(connection, _new_job(actor, job_id, request, _Made(stored, provider, told, key, asked)))
    for one in asked:
        events.record(
            connection,
            actor,
            "machine.create.requested",
            subject=("machine", one.id, one.name),
            message=f"create {one.name} at {stored.name}",
            details={"backend_id": stored.id, "image": request.image, "size": request.size},
            job_id=job.id,
            at=now,
        )
    repeats.keep(connection, actor, job.id, now)
    return job


def _told(request: CreateMachine, provider: type[Provider]) -> Told:
    return Told(
        image=str(request.image),
        size=_text(request.size),
        location=_text(request.location),
        networks=tuple(str(network) for network in request.networks),
        user_data=request.user_data,
        tags=tuple(request.tags) if provider.native_tags else (),
        extra=request.extra,
    )


def _backend(connection: Connection, account_id: str, name_or_id: str) -> StoredBackend:
    stored = backends.get(connection, account_id, name_or_id) or backends.by_name(connection, account_id, name_or_id)
    if stored is None:
        shown = visible(name_or_id[:64])
        raise NotFound(f"There is no backend called {shown!r}.", noun="backend", id=shown)
    if not stored.backend.enabled:
        raise Conflict(f"The backend {stored.name!r} is disabled; enable it first.", backend_id=stored.id)
    return stored


def _key(connection: Connection, account_id: str, request: CreateMachine, provider: type[Provider]) -> StoredKey | None:
    if request.key:
        return lookup.key_named(connection, account_id, request.key)
    key = keys.default(connection, account_id)
    if key is None and (provider.needs_key or (request.wait == "ssh" and not provider.has_exec)):
        raise InvalidInput(
            "There is no key to create the machine with; add one first (mist add-key --name NAME --auto-generate).",
            field="key",
        )
    return key


def _names(request: CreateMachine) -> list[str]:
    if request.quantity == 1:
        return [request.name]
    return [f"{request.name}-{number}" for number in range(1, request.quantity + 1)]


def _pending(
    connection: Connection,
    stored: StoredBackend,
    request: CreateMachine,
    named: tuple[str, str],
    times: tuple[datetime, datetime],
) -> Asked:
    name, mark = named
    shown = Shown(
        external_id="",
        name=name,
        state=MachineState.PENDING,
        size=_text(request.size),
        image=_text(request.image),
        location=_text(request.location),
    )
    return Asked(id=inventory.ask_for(connection, stored, asked_for(shown, mark), *times), name=name, mark=mark)


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _remember(
    connection: Connection, provider: type[Provider], key: StoredKey | None, asked: list[Asked], request: CreateMachine
) -> None:
    if key is not None:
        associations.put(connection, [associations.Link(machine_id=one.id, key_id=key.id) for one in asked])
    if not provider.native_tags:
        for one in asked:
            tags.add(connection, one.id, request.tags)


class _Made(msgspec.Struct):
    """What the asking has found and made."""

    stored: StoredBackend
    provider: type[Provider]
    told: Told
    key: StoredKey | None
    asked: list[Asked]


def _new_job(actor: Actor, job_id: str, request: CreateMachine, made: _Made) -> NewJob:
    stored, asked, key = made.stored, made.asked, made.key
    one = asked[0] if len(asked) == 1 else None
    params = {
        "backend_id": stored.id,
        "machines": asked,
        "image": request.image,
        "size": request.size,
        "location": request.location,
        "key_id": key.id if key else None,
        "tags": request.tags,
        "wait": request.wait,
        "wait_timeout_s": request.wait_timeout_s,
        "script": request.script is not None,
        "sudo": request.sudo,
    }
    return NewJob.by(
        actor,
        KIND,
        f"create {request.name}"
        if one
        else f"create {len(asked)} machines {request.name}-1 to {request.name}-{len(asked)}",
        id=job_id,
        subject=("machine", one.id, one.name) if one else ("backend", stored.id, stored.name),
        params=msgspec.to_builtins(params),
        secret={"told": made.told, "script": request.script},
        steps=create_plan.steps(
            made.provider,
            ssh=request.wait == "ssh",
            script=request.script is not None,
            tags=bool(request.tags),
            monitoring=request.monitoring,
        ),
        items=[] if one else [(item.id, item.name) for item in asked],
        dedup=f"machine:{one.id}" if one else None,
    )
