"""The host keys that machines, hypervisors and jump hosts showed when they were first seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.engine import Connection, Row

from mistserver.domain.key import HostKey
from mistserver.store.tables import backends, host_keys, machines
from mistserver.store.upsert import insert_into

_BATCH = 500
_FIELDS = [host_keys.c[name] for name in HostKey.__struct_fields__]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A host key together with whose it is."""

    account_id: str
    owner: str
    key: HostKey


def machine_owner(machine_id: str) -> str:
    """Under which name the keys of a machine are kept."""
    return machine_id


def backend_owner(backend_id: str) -> str:
    """Under which name the keys of a backend's own host (a hypervisor, a Docker host) are kept."""
    return f"backend:{backend_id}"


def jump_owner(backend_id: str) -> str:
    """Under which name the keys of a backend's jump host are kept."""
    return f"jump:{backend_id}"


def of_owner(connection: Connection, account_id: str, owner: str) -> list[HostKey]:
    """What an owner has shown, oldest first."""
    here = (host_keys.c.account_id == account_id) & (host_keys.c.owner == owner)
    rows = connection.execute(select(*_FIELDS).where(here).order_by(host_keys.c.first_seen_at, host_keys.c.algorithm))
    return [_host_key(row) for row in rows]


def of_owners(connection: Connection, account_id: str, owners: Sequence[str]) -> list[Remembered]:
    """What any of the owners has shown."""
    found = []
    for start in range(0, len(owners), _BATCH):
        here = host_keys.c.owner.in_(owners[start : start + _BATCH]) & (host_keys.c.account_id == account_id)
        for row in connection.execute(select(host_keys.c.owner, *_FIELDS).where(here)):
            key = HostKey(**{name: row._mapping[name] for name in HostKey.__struct_fields__})
            found.append(Remembered(account_id=account_id, owner=row.owner, key=key))
    return found


def remember(connection: Connection, shown: Remembered) -> bool:
    """Keep a key seen for the first time; whether it is new. One that is already kept is never replaced."""
    row = {"account_id": shown.account_id, "owner": shown.owner, **msgspec.structs.asdict(shown.key)}
    statement = insert_into(connection, host_keys).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(host_keys.c.owner)).first() is not None


def forget(connection: Connection, account_id: str, owner: str) -> int:
    """How many were kept."""
    here = (host_keys.c.account_id == account_id) & (host_keys.c.owner == owner)
    return connection.execute(delete(host_keys).where(here)).rowcount


def forget_at(connection: Connection, account_id: str, owner: str, host: str, port: int) -> int:
    """Forget what an owner showed at one address."""
    here = (host_keys.c.account_id == account_id) & (host_keys.c.owner == owner)
    here &= (host_keys.c.host == host) & (host_keys.c.port == port)
    return connection.execute(delete(host_keys).where(here)).rowcount


def subject(connection: Connection, owner: str) -> tuple[str, str, str] | None:
    """What an owner is: noun, id, name. None for one that was deleted."""
    bound, _, id = owner.rpartition(":")
    noun, table = ("backend", backends) if bound else ("machine", machines)
    name = connection.execute(select(table.c.name).where(table.c.id == id)).scalar_one_or_none()
    return None if name is None else (noun, id, name)


def _host_key(row: Row[Any]) -> HostKey:
    return HostKey(**row._mapping)
