"""By which host keys a machine is known, and trusting a new one after it was rebuilt."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, NotSupported
from mistserver.domain.key import HostKey
from mistserver.services.context import Context
from mistserver.services.host_key_book import book_of
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import SshWay, Wanted, reach
from mistserver.ssh.scan import scan
from mistserver.store import events
from mistserver.store import host_keys as kept
from mistserver.store.host_keys import Remembered


async def list_all(ctx: Context, actor: Actor, machine_id: str) -> list[HostKey]:
    """What the machine showed when it was first seen; nothing when it never was."""
    actor.require(Scope.READ)
    found = await lookup.find(ctx, actor, machine_id)
    await book_of(ctx).flush()
    return await ctx.database.read(_known, found)


async def accept(ctx: Context, actor: Actor, machine_id: str, fingerprint: str | None = None) -> list[HostKey]:
    """Trust the key that the machine shows now, and only that one.

    With `fingerprint` a key with another one is refused. Connections made under the old key are closed.
    """
    actor.require(Scope.OPERATE)
    found = await lookup.find(ctx, actor, machine_id)
    way = await reach(ctx, actor.account_id, found.machine, Wanted(over_ssh=True, keyless=True))
    if not isinstance(way, SshWay):
        raise NotSupported(f"{found.machine.name} is not reached over SSH.", machine_id=machine_id)
    line, shown = await scan(ctx.ssh, way.target)
    if fingerprint is not None and fingerprint != shown:
        raise Conflict(f"{found.machine.name} shows the key {shown}, not {fingerprint}.", shown=shown)
    key = HostKey(
        host=way.target.host,
        port=way.target.port,
        algorithm=line.split()[0],
        public=line,
        fingerprint=shown,
        first_seen_at=ctx.now(),
    )
    await book_of(ctx).flush()
    await ctx.database.write(_replace, ctx, actor, found, key)
    for owner in _owners(found):
        book_of(ctx).drop(owner)
        await ctx.ssh.forget(owner)
    return [key]


def _owners(found: Found) -> tuple[str, str]:
    """A server may be known by its machine, or by the backend that it was added as."""
    return kept.machine_owner(found.machine.id), kept.backend_owner(found.stored.id)


def _known(connection: Connection, found: Found) -> list[HostKey]:
    machine, backend = (kept.of_owner(connection, found.stored.account_id, owner) for owner in _owners(found))
    return machine or [key for key in backend if key.host in _hosts(found)]


def _hosts(found: Found) -> set[str]:
    machine = found.machine
    return {*machine.public_ips, *machine.private_ips} | ({machine.ssh_host} if machine.ssh_host else set())


def _replace(connection: Connection, ctx: Context, actor: Actor, found: Found, key: HostKey) -> None:
    account_id, (machine, backend) = actor.account_id, _owners(found)
    before = [one.fingerprint for one in _known(connection, found)]
    kept.forget(connection, account_id, machine)
    kept.forget_at(connection, account_id, backend, key.host, key.port)
    kept.remember(connection, Remembered(account_id=account_id, owner=machine, key=key))
    events.record(
        connection,
        actor,
        "host_key.accepted",
        subject=found.subject,
        message=f"the host key {key.fingerprint} of {found.machine.name} is trusted from now on",
        details={"fingerprint": key.fingerprint, "before": before, "host": key.host, "port": key.port},
        at=ctx.now(),
    )
