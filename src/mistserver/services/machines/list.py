"""Machines across all backends, as last read, and how each backend fares."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Trouble
from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.machine import Machine, MachineState
from mistserver.domain.page import clean_limit
from mistserver.domain.selector import select as pick
from mistserver.domain.sending import Sending, ShownMachine
from mistserver.domain.sorting import clean_sort
from mistserver.services.backends.get import found
from mistserver.services.context import Context
from mistserver.services.machines import inventory
from mistserver.services.machines.rendered import Rendered, rendered_of
from mistserver.services.monitoring import sending
from mistserver.store import backends, machines
from mistserver.store import inventory as rows
from mistserver.store.backends import StoredBackend
from mistserver.store.machine_order import FIELDS

MOST = 10_000
SORTED_BY = FIELDS
_ALSO = {"backend_name": "backend", "backend_title": "backend"}


class MachineQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which machines; everything given must hold. `backend` is an id; `refresh` reads every backend again first,
    and without `wait` what is old is read again meanwhile.

    `sort` is a field, or `FIELD:desc`; by name without. `monitoring` asks how the machines' samples come.
    """

    backend: str | None = None
    tag: str | None = None
    state: str | None = None
    search: str | None = None
    sort: str | None = None
    refresh: bool = False
    wait: bool = True
    monitoring: bool = False
    limit: int | None = None
    cursor: str | None = None


class BackendReading(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend fares. `read_at` is its last good reading, `trouble` why the newest one failed."""

    id: str
    name: str
    state: str
    read_at: datetime | None
    age_s: float | None
    trouble: Trouble | None


class MachinePage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a listing, with the backends that it is taken from.

    `monitoring`: those of its machines that are monitored, by id, where that was asked for.
    """

    items: list[Machine]
    next_cursor: str | None
    backends: list[BackendReading]
    monitoring: dict[str, Sending] | None = None


class _Id(msgspec.Struct):
    id: str


class _Known(msgspec.Struct, frozen=True):
    """What a listing depends on: it is the same as long as these are."""

    version: int
    backends: list[StoredBackend]

    def tag(self) -> str:
        read = [(stored.id, stored.backend.read_at, stored.backend.trouble) for stored in self.backends]
        return f"{self.version}-{blake2b(msgspec.json.encode(read), digest_size=8).hexdigest()}"


async def page(ctx: Context, actor: Actor, query: MachineQuery) -> MachinePage:
    """Machines in order. A backend that hangs, fails or answers nonsense neither delays nor hides the others."""
    known, wanted, limit = await _freshened(ctx, actor, query)
    found = await ctx.database.read(machines.page, actor.account_id, wanted, limit, query.cursor)
    heard = None
    if query.monitoring:
        heard = await sending.of_machines(ctx, actor.account_id, [machine.id for machine in found.items])
    return MachinePage(items=found.items, next_cursor=found.next_cursor, backends=_fares(ctx, known), monitoring=heard)


async def page_json(ctx: Context, actor: Actor, query: MachineQuery) -> Rendered:
    """The same as encoded JSON with an ETag, without making a record of any row; kept until something changes.

    `age_s` of the backends is not part of what the ETag stands for; how samples come is.
    """
    known, wanted, limit = await _freshened(ctx, actor, query)
    kept = rendered_of(ctx)
    question = (actor.account_id, wanted, limit, query.cursor)
    pieces = kept.get(question, known.tag())
    if pieces is None:
        encoded, cursor = await ctx.database.read(machines.page_json, actor.account_id, wanted, limit, query.cursor)
        pieces = (b'{"items":', encoded, b',"next_cursor":', msgspec.json.encode(cursor), b',"backends":')
        kept.put(question, known.tag(), pieces)
    pieces = (*pieces, msgspec.json.encode(_fares(ctx, known)))
    if not query.monitoring:
        return Rendered(pieces=(*pieces, b"}"), etag=f'W/"{known.tag()}"')
    ids = [each.id for each in msgspec.json.decode(pieces[1], type=list[_Id])]
    heard = msgspec.json.encode(await sending.of_machines(ctx, actor.account_id, ids))
    tag = f"{known.tag()}-{blake2b(heard, digest_size=8).hexdigest()}"
    return Rendered(pieces=(*pieces, b',"monitoring":', heard, b"}"), etag=f'W/"{tag}"')


async def get(ctx: Context, actor: Actor, machine_id: str) -> Machine:
    """One machine as last read."""
    actor.require(Scope.READ)
    machine = await ctx.database.read(machines.get, actor.account_id, machine_id)
    if machine is None:
        raise NotFound(f"There is no machine with the id {machine_id[:64]!r}.", noun="machine", id=machine_id)
    return machine


async def shown(ctx: Context, actor: Actor, machine_id: str) -> ShownMachine:
    """One machine as last read, and how its samples come."""
    machine = await get(ctx, actor, machine_id)
    heard = await sending.of_machine(ctx, actor.account_id, machine.id)
    return ShownMachine(**msgspec.structs.asdict(machine), monitoring=heard)


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Machine]]:
    """How a typed id or name matches (`id`, `name`, ... `none`), and every machine that matches so."""
    actor.require(Scope.READ)
    return await ctx.database.read(_select, actor.account_id, _searchable(term, "select"))


def _select(connection: Connection, account_id: str, term: str) -> tuple[str, list[Machine]]:
    if term.isascii():  # which the databases fold as Python does
        level, ids = machines.matching(connection, account_id, term)
    else:
        level, candidates = pick(term, machines.candidates(connection, account_id))
        ids = [candidate.id for candidate in candidates]
    return level, machines.get_many(connection, account_id, ids)


async def _freshened(ctx: Context, actor: Actor, query: MachineQuery) -> tuple[_Known, machines.Filter, int]:
    actor.require(Scope.READ)
    limit = clean_limit(query.limit, MOST)
    wanted = machines.Filter(
        backend_id=query.backend,
        tag=query.tag,
        state=_state(query.state),
        search=_searchable(query.search or "", "search") or None,
        sort=clean_sort(query.sort, FIELDS, _ALSO),
    )
    known = await ctx.database.read(_known, actor.account_id, query.backend)
    # the pages that follow show the same reading as the first
    if query.cursor is None and await inventory.freshen(ctx, known.backends, query.refresh, query.wait):
        known = await ctx.database.read(_known, actor.account_id, query.backend)
    return _Known(known.version, [_as_it_fares(ctx, stored) for stored in known.backends]), wanted, limit


def _as_it_fares(ctx: Context, stored: StoredBackend) -> StoredBackend:
    """A backend that keeps a reading waiting is in trouble before the reading has failed."""
    trouble = stored.backend.trouble or inventory.late(ctx, stored)
    return msgspec.structs.replace(stored, backend=msgspec.structs.replace(stored.backend, trouble=trouble))


def _known(connection: Connection, account_id: str, backend_id: str | None) -> _Known:
    if backend_id is not None:
        wanted = [found(connection, account_id, backend_id)]
    else:
        wanted = backends.all_of(connection, account_id)
    return _Known(rows.version(connection, account_id), wanted)


def _state(state: str | None) -> str | None:
    if state is not None and state not in list(MachineState):
        raise InvalidInput(f"There is no state {state[:40]!r}; there are {', '.join(MachineState)}.", field="state")
    return state


def _searchable(text: str, field: str) -> str:
    if "\0" in text:  # ends the pattern on SQLite, which then matches everything
        raise InvalidInput(f"A NUL character cannot be part of {field!r}; leave it out.", field=field)
    return text


def _fares(ctx: Context, known: _Known) -> list[BackendReading]:
    now = ctx.now()
    return [
        BackendReading(
            id=stored.id,
            name=stored.name,
            state=stored.backend.state,
            read_at=stored.backend.read_at,
            age_s=None if stored.backend.read_at is None else round((now - stored.backend.read_at).total_seconds(), 1),
            trouble=stored.backend.trouble,
        )
        for stored in known.backends
    ]
