"""Letting a key into a machine, proving that it works, and taking it away again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import MachineAuthFailed, MachineError, MachineTimeout, MistError, NotFound, NotSupported
from mistserver.domain.key import Association
from mistserver.domain.names import visible
from mistserver.services.context import Context
from mistserver.services.machines import authorized_keys, lookup
from mistserver.services.machines.execute import Captured, Opened, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import SshWay, Wanted, connect, reach
from mistserver.ssh.target import clean_host, clean_port, clean_user
from mistserver.store import associations, events, host_keys
from mistserver.store.associations import Link
from mistserver.store.keys import StoredKey

_TIMEOUT_S = 30.0


class AssociateKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and as whom the key shall work; by default where and as whom the machine is reached already."""

    host: str | None = None
    user: str | None = None
    port: int | None = None


class Dissociated(msgspec.Struct, frozen=True, kw_only=True):
    """`removed`: the machine lets the key in no more; else `message` says why it may still do."""

    removed: bool
    message: str


async def list_all(ctx: Context, actor: Actor, machine_id: str) -> list[Association]:
    """The keys that open the machine, by name."""
    actor.require(Scope.READ)
    await lookup.find(ctx, actor, machine_id)
    return await ctx.database.read(associations.of_machine, actor.account_id, machine_id)


async def associate(ctx: Context, actor: Actor, machine_id: str, key_id: str, request: AssociateKey) -> Association:
    """Put the public half on the machine by any way that works already, then prove that the key opens it.

    Idempotent. Without another way the key has to be there: MachineAuthFailed when it is not.
    """
    actor.require(Scope.OPERATE)
    found = await lookup.find(ctx, actor, machine_id)
    key = await ctx.database.read(lookup.key_named, actor.account_id, key_id)
    wanted = _checked(request)
    user = await _deploy(ctx, found, key, wanted)
    proof = Wanted(user=wanted.user or user, key_id=key.id, host=wanted.host, port=wanted.port, over_ssh=True)
    way = await reach(ctx, actor.account_id, found.machine, proof)
    if not isinstance(way, SshWay):
        raise NotSupported(f"{found.machine.name} is not reached over SSH.", machine_id=machine_id)
    connection = await connect(ctx, way)
    link = Link(
        machine_id=found.machine.id,
        key_id=key.id,
        user=connection.user,
        port=way.target.port,
        sudo=connection.user == "root",
        host=wanted.host,
        last_success_at=ctx.now(),
    )
    return await ctx.database.write(_keep, _Change(actor, found, key, ctx.now()), link)


async def dissociate(ctx: Context, actor: Actor, machine_id: str, key_id: str) -> Dissociated:
    """Take the public half off the machine where that can be done, and forget the association in any case."""
    actor.require(Scope.OPERATE)
    found = await lookup.find(ctx, actor, machine_id)
    key = await ctx.database.read(lookup.key_named, actor.account_id, key_id)
    known = await ctx.database.read(associations.get, actor.account_id, machine_id, key.id)
    if known is None:
        raise NotFound(f"The key {key.key.name!r} is not associated with {found.machine.name!r}.", noun="association")
    done = await _take_away(ctx, found, key, known)
    await ctx.database.write(_forget, _Change(actor, found, key, ctx.now()), done)
    await ctx.ssh.forget(host_keys.machine_owner(machine_id))
    return done


def _checked(request: AssociateKey) -> Wanted:
    return Wanted(
        host=clean_host(request.host) if request.host else None,
        user=clean_user(request.user) if request.user else None,
        port=clean_port(request.port) if request.port is not None else None,
    )


async def _deploy(ctx: Context, found: Found, key: StoredKey, wanted: Wanted) -> str | None:
    """Who the key was put there for; None when no other way leads to the machine, so that it may be there already."""
    try:
        opened = await _another_way(ctx, found, key, wanted)
    except (MachineAuthFailed, _NoOtherKey):
        return None
    user = wanted.user or opened.user
    await _tell(opened, authorized_keys.adding(key.key.public, user), user, found.machine.name)
    return user


async def _another_way(ctx: Context, found: Found, key: StoredKey, wanted: Wanted) -> Opened:
    """An open way that does not need the key itself."""
    way = await reach(ctx, found.stored.account_id, found.machine, Wanted(host=wanted.host, port=wanted.port))
    if isinstance(way, SshWay):
        others = tuple(one for one in way.target.keys if one.id != key.id)
        if not others:
            raise _NoOtherKey
        way = SshWay(way.machine, replace(way.target, keys=others), way.known)
    return await open_way(ctx, way)


class _NoOtherKey(Exception):
    """Only the key in question is there."""


async def _tell(opened: Opened, text: str, user: str | None, name: str) -> None:
    """Run it as the user whose file it is, or as root for another one's."""
    said = Captured(limit=4096)
    foreign = user is not None and opened.user is not None and user != opened.user
    outcome = await opened.run(Order(text=text, sudo=foreign, timeout_s=_TIMEOUT_S), said.take)
    if outcome.timed_out:
        raise MachineTimeout(f"{name} did not change its authorized keys within {_TIMEOUT_S:g} s.")
    if not outcome.ok:
        reason = visible(said.text("stderr").strip()[-200:]) or f"exit code {outcome.exit_code}"
        raise MachineError(f"{name} could not change its authorized keys: {reason}.")


async def _take_away(ctx: Context, found: Found, key: StoredKey, known: Association) -> Dissociated:
    name = found.machine.name
    try:
        opened = await open_way(ctx, await reach(ctx, found.stored.account_id, found.machine))
        user = known.user or opened.user
        await _tell(opened, authorized_keys.removing(key.key.public, user), user, name)
    except MistError as error:
        return Dissociated(removed=False, message=f"{name} may still let {key.key.name} in: {error.message}")
    return Dissociated(removed=True, message=f"{name} lets {key.key.name} in no more")


@dataclass(frozen=True)
class _Change:
    """Who associates or dissociates which key with which machine, and when."""

    actor: Actor
    found: Found
    key: StoredKey
    at: datetime


def _keep(connection: Connection, change: _Change, link: Link) -> Association:
    found, key = change.found, change.key
    associations.put(connection, [link])
    events.record(
        connection,
        change.actor,
        "key.associated",
        subject=found.subject,
        message=f"{key.key.name} opens {found.machine.name} as {link.user}",
        details={"key_id": key.id, "user": link.user, "port": link.port},
        at=change.at,
    )
    kept = associations.get(connection, change.actor.account_id, link.machine_id, link.key_id)
    if kept is None:
        raise NotFound(f"The machine {found.machine.name!r} is gone.", noun="machine", id=found.machine.id)
    return kept


def _forget(connection: Connection, change: _Change, done: Dissociated) -> None:
    associations.remove(connection, change.found.machine.id, change.key.id)
    events.record(
        connection,
        change.actor,
        "key.dissociated",
        subject=change.found.subject,
        message=done.message,
        details={"key_id": change.key.id, "removed": done.removed},
        at=change.at,
    )
