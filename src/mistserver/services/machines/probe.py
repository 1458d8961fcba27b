"""Whether a machine can be signed in to, and how it fares."""

from __future__ import annotations

import time

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, MachineError, MachineTimeout
from mistserver.domain.machine import MachineState, Probe
from mistserver.services.context import Context
from mistserver.services.machines import lookup, probe_text
from mistserver.services.machines.execute import Captured, Opened, open_way
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import Wanted, reach
from mistserver.ssh.target import clean_user

_TIMEOUT_S = 30.0
_SILENT = {MachineState.STOPPED, MachineState.PAUSED, MachineState.SUSPENDED, MachineState.TERMINATED}


class ProbeMachine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Insist on a key (name or id) or a user; else those are taken that work."""

    key: str | None = None
    user: str | None = None


async def probe(ctx: Context, actor: Actor, machine_id: str, request: ProbeMachine) -> Probe:
    """Sign in and ask. The key and the user that worked are noted as an association."""
    actor.require(Scope.OPERATE)
    found = await lookup.find(ctx, actor, machine_id)
    machine = found.machine
    if machine.state in _SILENT:
        raise Conflict(f"The machine {machine.name!r} is {machine.state}; start it first.", machine_id=machine.id)
    key_id = None
    if request.key:
        key_id = (await ctx.database.read(lookup.key_named, actor.account_id, request.key)).id
    wanted = Wanted(user=clean_user(request.user) if request.user else None, key_id=key_id)
    began = time.monotonic()
    opened = await open_way(ctx, await reach(ctx, actor.account_id, machine, wanted))
    facts = await _ask(opened, wanted, machine.name)
    connection = opened.connection
    return Probe(
        machine_id=machine.id,
        key_id=connection.key_id if connection else None,
        host_key_fingerprint=connection.host_key_fingerprint if connection else None,
        took_s=round(time.monotonic() - began, 3),
        **msgspec.structs.asdict(facts),
    )


async def _ask(opened: Opened, wanted: Wanted, name: str) -> probe_text.Facts:
    mark, said = probe_text.new_mark(), Captured()
    order = Order(text=probe_text.command(mark), user=wanted.user, timeout_s=_TIMEOUT_S)
    outcome = await opened.run(order, said.take)
    if outcome.timed_out:
        raise MachineTimeout(f"{name} did not answer the probe within {_TIMEOUT_S:g} s.")
    if not outcome.ok:
        raise MachineError(f"{name} could not run the probe (exit code {outcome.exit_code}).")
    return probe_text.read(said.text(), mark, name)
