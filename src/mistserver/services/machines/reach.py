"""How a machine is reached: through its provider, or over SSH at which address, as whom and with which keys."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy.engine import Connection as Database

from mistserver.domain.backend import Backend
from mistserver.domain.errors import MachineAuthFailed, MachineUnreachable, MistError, NotFound
from mistserver.domain.key import Association
from mistserver.domain.machine import Machine
from mistserver.providers import registry
from mistserver.providers.declare import declared
from mistserver.services.context import Context
from mistserver.services.host_key_book import book_of
from mistserver.ssh.target import KeyMaterial, Target
from mistserver.store import associations, backends, host_keys, keys
from mistserver.store.associations import Link
from mistserver.store.backends import StoredBackend
from mistserver.store.keys import StoredKey

if TYPE_CHECKING:
    from mistserver.ssh.pool import Connection

USERS = [
    *("root", "ubuntu", "debian", "ec2-user", "admin", "centos", "fedora", "almalinux", "rocky"),
    *("cloud-user", "opensuse", "azureuser", "user"),
]
DEFAULT_PORT = 22
_NOTED_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the caller insists on; everything left out is found."""

    user: str | None = None
    key_id: str | None = None
    host: str | None = None
    port: int | None = None
    over_ssh: bool = False  # even where the provider has a way of its own
    keyless: bool = False  # a way that is only looked at needs no key


@dataclass(frozen=True)
class SshWay:
    """`target` is what should work; where only some users are tried, `users` are all that may be tried after them."""

    machine: Machine
    target: Target
    known: tuple[Association, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExecWay:
    """The provider runs commands on this machine without SSH."""

    machine: Machine
    stored: StoredBackend


Way: TypeAlias = SshWay | ExecWay
ANYHOW = Wanted()


@dataclass
class _Known:
    """What the database holds on a set of machines."""

    backends: dict[str, StoredBackend] = field(default_factory=dict)
    associations: dict[str, list[Association]] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)
    default: StoredKey | None = None
    named: dict[str, StoredKey] = field(default_factory=dict)  # by the backend whose settings name it


async def reach(ctx: Context, account_id: str, machine: Machine, wanted: Wanted = ANYHOW) -> Way:
    """The way to one machine; MachineUnreachable without an address, MachineAuthFailed without a key."""
    way = (await reach_all(ctx, account_id, [machine], wanted))[machine.id]
    if isinstance(way, MistError):
        raise way
    return way


async def reach_all(
    ctx: Context, account_id: str, machines: Sequence[Machine], wanted: Wanted = ANYHOW
) -> dict[str, Way | MistError]:
    """The ways to many machines, read at once; a machine without one has the reason instead. Nothing is connected."""
    known = await ctx.database.read(_read, account_id, machines, wanted)
    cache: dict[str, KeyMaterial] = {}
    ways: dict[str, Way | MistError] = {}
    for machine in machines:
        try:
            ways[machine.id] = _way(ctx, known, machine, wanted, cache)
        except MistError as error:
            ways[machine.id] = error
    targets = [way.target for way in ways.values() if isinstance(way, SshWay)]
    owners = [target.owner for target in targets] + [target.jump.owner for target in targets if target.jump]
    backing = {host_keys.machine_owner(item.id): host_keys.backend_owner(item.backend_id) for item in machines}
    await book_of(ctx).load(account_id, owners, backing)
    return ways


async def connect(ctx: Context, way: SshWay, timeout_s: float | None = None) -> Connection:
    """An open connection of the pool; who and what opened it is noted as an association."""
    connection = await dial(ctx, way, timeout_s)
    await note_success(ctx, [(way, connection)])
    return connection


async def dial(ctx: Context, way: SshWay, timeout_s: float | None = None) -> Connection:
    """The same without a note. Who got in before is tried alone first, then everybody."""
    try:
        return await ctx.ssh.connect(way.target, timeout_s)
    except MachineAuthFailed:
        if len(way.users) <= len(way.target.users):
            raise
        return await ctx.ssh.connect(replace(way.target, users=way.users), timeout_s)


async def note_success(ctx: Context, opened: Iterable[tuple[SshWay, Connection]]) -> None:
    """Write down which key and user opened which machine, unless that was done a moment ago."""
    now = ctx.now()
    links = [
        Link(
            machine_id=way.machine.id,
            key_id=connection.key_id,
            user=connection.user,
            port=way.target.port,
            sudo=connection.user == "root",
            last_success_at=now,
        )
        for way, connection in opened
        if connection.key_id
    ]
    fresh = {
        (item.machine_id, item.key_id, item.user, item.port)
        for way, _ in opened
        for item in way.known
        if item.last_success_at is not None and now - item.last_success_at < _NOTED_AGAIN_AFTER
    }
    links = [link for link in links if (link.machine_id, link.key_id, link.user, link.port) not in fresh]
    if links:
        await ctx.database.write(associations.remember_success, links)


def material(ctx: Context, stored: StoredKey) -> KeyMaterial:
    """A key for a handshake; its private half is decrypted here and kept nowhere."""
    return KeyMaterial(id=stored.id, private=ctx.vault.unseal(stored.secret, f"key:{stored.id}"))


def address(machine: Machine, backend: Backend) -> str:
    """Where to talk to a machine: the kind of address its backend prefers, IPv4 first; else the other kind."""
    if machine.ssh_host:
        return machine.ssh_host
    lists = (machine.public_ips, machine.private_ips)
    for addresses in lists if backend.address_use == "public" else reversed(lists):
        if addresses:
            return min(addresses, key=_is_ipv6)
    raise MachineUnreachable(
        f"The machine {machine.name!r} has no address that Mist knows; wait until it has one, "
        "or associate a key with it and give the host.",
        machine_id=machine.id,
    )


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def jump_target(ctx: Context, backend: Backend, key: StoredKey | None) -> Target | None:
    """The way to a backend's jump host; None without one."""
    jump = backend.jump_host
    if jump is None:
        return None
    if key is None:
        raise NotFound(f"The key of the jump host of {backend.name!r} is gone; name another one.", noun="key")
    return Target(
        owner=host_keys.jump_owner(backend.id),
        host=jump.host,
        port=jump.port,
        users=(jump.user,),
        keys=(material(ctx, key),),
        jump=None,
    )


def _read(connection: Database, account_id: str, machines: Sequence[Machine], wanted: Wanted) -> _Known:
    """Everything on these machines that a way is made of, in one transaction."""
    known = _Known(associations=associations.of_machines(connection, account_id, [item.id for item in machines]))
    wanted_backends = {machine.backend_id for machine in machines}
    by_name: dict[str, StoredKey | None] = {}
    for stored in backends.many(connection, account_id, wanted_backends):
        known.backends[stored.id] = stored
        for name in _named_keys(stored.backend):
            if name not in by_name:
                by_name[name] = keys.named(connection, account_id, name)
            if (key := by_name[name]) is not None:
                known.named[stored.id] = key
    known.default = keys.default(connection, account_id)
    ids = {item.key_id for links in known.associations.values() for item in links}
    ids |= {stored.backend.jump_host.key_id for stored in known.backends.values() if stored.backend.jump_host}
    ids |= {wanted.key_id} if wanted.key_id else set()
    for key_id in ids:
        key = keys.get(connection, account_id, key_id)
        if key is not None:
            known.keys[key_id] = key
    return known


def _named_keys(backend: Backend) -> list[str]:
    """The keys of Mist that a backend's settings name: they open its own host."""
    settings = declared(registry.declaration(backend.provider).Settings)
    named = [backend.settings.get(item.name) for item in settings if item.kind == "key"]
    return [name for name in named if name]


def _way(ctx: Context, known: _Known, machine: Machine, wanted: Wanted, cache: dict[str, KeyMaterial]) -> Way:
    stored = known.backends.get(machine.backend_id)
    if stored is None:
        raise NotFound(f"The backend of the machine {machine.name!r} is gone.", noun="backend", id=machine.backend_id)
    if registry.declaration(stored.backend.provider).has_exec and not wanted.over_ssh:
        return ExecWay(machine, stored)
    links = sorted(known.associations.get(machine.id, []), key=_rank)
    chosen = _keys(known, machine, links, wanted)
    for key in chosen:
        if key.id not in cache:
            cache[key.id] = material(ctx, key)
    users = _users(stored.backend, machine, links, wanted)
    proven = tuple(dict.fromkeys(link.user for link in links if link.user and link.last_success_at))
    target = Target(
        owner=host_keys.machine_owner(machine.id),
        host=wanted.host or next((item.host for item in links if item.host), None) or address(machine, stored.backend),
        port=wanted.port or next((item.port for item in links if item.port), 0) or machine.ssh_port or DEFAULT_PORT,
        users=proven if proven and not wanted.user else users,
        keys=tuple(cache[key.id] for key in chosen),
        jump=jump_target(ctx, stored.backend, _jump_key(known, stored.backend)),
    )
    return SshWay(machine, target, tuple(links), users)


def _rank(link: Association) -> tuple[bool, bool, bool, str]:
    """Keys that open the machine as root first, then those with sudo, then any that worked."""
    return link.user != "root", not link.sudo, link.last_success_at is None, link.key_name


def _keys(known: _Known, machine: Machine, links: Sequence[Association], wanted: Wanted) -> list[StoredKey]:
    if wanted.key_id:
        candidates = [known.keys.get(wanted.key_id)]
    else:
        candidates = [known.keys.get(link.key_id) for link in links]
        candidates += [known.named.get(machine.backend_id), known.default]
    found = {key.id: key for key in candidates if key is not None}
    if not found and not wanted.keyless:
        raise MachineAuthFailed(
            f"There is no key for the machine {machine.name!r}: add one (mist add-key) or associate one with it.",
            machine_id=machine.id,
        )
    return list(found.values())


def _users(backend: Backend, machine: Machine, links: Sequence[Association], wanted: Wanted) -> tuple[str, ...]:
    """Whom to try, in this order. The user of a backend's own host is known; guests and clouds have to be guessed."""
    if wanted.user:
        return (wanted.user,)
    host, user = backend.settings.get("machine_ip"), backend.settings.get("machine_user")
    names = [link.user for link in links if link.user] + ([str(user)] if user else [])
    if user and host in (machine.ssh_host, *machine.public_ips, *machine.private_ips):
        return tuple(dict.fromkeys(names))
    return tuple(dict.fromkeys([*names, *USERS]))


def _jump_key(known: _Known, backend: Backend) -> StoredKey | None:
    return known.keys.get(backend.jump_host.key_id) if backend.jump_host else None
