"""The host keys that machines, hypervisors and jump hosts showed when they were first seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Executable, delete, select
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
    return connection.execute(_inserting(connection), [_row(shown)]).rowcount > 0


def remember_all(connection: Connection, shown: Sequence[Remembered]) -> list[Remembered]:
    """The same for many keys of one account; those that are new."""
    kept = of_owners(connection, shown[0].account_id, list({item.owner for item in shown}))
    known = {_place(item) for item in kept}
    new = [item for item in shown if _place(item) not in known]
    if new:
        connection.execute(_inserting(connection), [_row(item) for item in new])
    return new


def _inserting(connection: Connection) -> Executable:
    return insert_into(connection, host_keys).on_conflict_do_nothing()


def _row(shown: Remembered) -> dict[str, Any]:
    return {"account_id": shown.account_id, "owner": shown.owner, **msgspec.structs.asdict(shown.key)}


def _place(shown: Remembered) -> tuple[str, str, int, str]:
    return shown.owner, shown.key.host, shown.key.port, shown.key.algorithm


def forget(connection: Connection, account_id: str, owner: str) -> int:
    """How many were kept."""
    here = (host_keys.c.account_id == account_id) & (host_keys.c.owner == owner)
    return connection.execute(delete(host_keys).where(here)).rowcount


def forget_at(connection: Connection, account_id: str, owner: str, host: str, port: int) -> int:
    """Forget what an owner showed at one address."""
    here = (host_keys.c.account_id == account_id) & (host_keys.c.owner == owner)
    here &= (host_keys.c.host == host) & (host_keys.c.port == port)
    return connection.execute(delete(host_keys).where(here)).rowcount


def subjects(connection: Connection, owners: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """What owners are: noun, id, name. Those that are not (or no more) there are missing."""
    found: dict[str, tuple[str, str, str]] = {}
    by_noun: dict[str, dict[str, str]] = {"machine": {}, "backend": {}}
    for owner in owners:
        bound, _, id = owner.rpartition(":")
        by_noun["backend" if bound else "machine"][owner] = id
    for noun, table in (("machine", machines), ("backend", backends)):
        wanted = list(by_noun[noun].values())
        names: dict[str, str] = {}
        for start in range(0, len(wanted), _BATCH):
            query = select(table.c.id, table.c.name).where(table.c.id.in_(wanted[start : start + _BATCH]))
            names |= {row.id: row.name for row in connection.execute(query)}
        found |= {owner: (noun, id, names[id]) for owner, id in by_noun[noun].items() if id in names}
    return found


def _host_key(row: Row[Any]) -> HostKey:
    return HostKey(**row._mapping)
