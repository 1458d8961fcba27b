"""Which key opens which machine, and as whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, Table, delete, select
from sqlalchemy.engine import Connection, Row

from mistserver.domain.key import Association
from mistserver.store.tables import associations, keys, machines
from mistserver.store.upsert import insert_into

_BATCH = 500  # below SQLite's limit of variables in one statement


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A row to write. An empty `user` and a `port` of 0 mean: not known yet. `host` None: the machine's own address."""

    machine_id: str
    key_id: str
    user: str = ""
    port: int = 0
    sudo: bool = False
    host: str | None = None
    last_success_at: datetime | None = None


def put(connection: Connection, links: Iterable[Link]) -> None:
    """Write associations whole, replacing what stood there for the same machine and key."""
    for link in links:
        row = msgspec.structs.asdict(link)
        changed = {name: value for name, value in row.items() if name not in ("machine_id", "key_id")}
        statement = insert_into(connection, associations).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["machine_id", "key_id"], set_=changed))


def remember_success(connection: Connection, links: Sequence[Link]) -> None:
    """Note what just worked. Machines and keys that went away meanwhile are passed over; a given host stays."""
    alive = _existing(connection, machines, {link.machine_id for link in links})
    alive |= _existing(connection, keys, {link.key_id for link in links})
    rows = [msgspec.structs.asdict(link) for link in links if {link.machine_id, link.key_id} <= alive]
    if rows:
        statement = insert_into(connection, associations)
        changed = {name: statement.excluded[name] for name in ("user", "port", "sudo", "last_success_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=["machine_id", "key_id"], set_=changed), rows)


def remove(connection: Connection, machine_id: str, key_id: str) -> bool:
    """Whether there was one."""
    here = (associations.c.machine_id == machine_id) & (associations.c.key_id == key_id)
    return connection.execute(delete(associations).where(here)).rowcount > 0


def remove_all(connection: Connection, machine_id: str) -> None:
    """Forget every key of a machine."""
    connection.execute(delete(associations).where(associations.c.machine_id == machine_id))


def get(connection: Connection, account_id: str, machine_id: str, key_id: str) -> Association | None:
    statement = _all(account_id).where(associations.c.machine_id == machine_id, associations.c.key_id == key_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _association(row)


def of_machine(connection: Connection, account_id: str, machine_id: str) -> list[Association]:
    """A machine's associations, by the name of the key."""
    statement = _all(account_id).where(associations.c.machine_id == machine_id).order_by(keys.c.name)
    return [_association(row) for row in connection.execute(statement)]


def of_machines(connection: Connection, account_id: str, machine_ids: Sequence[str]) -> dict[str, list[Association]]:
    """The associations of many machines; those without any are missing from the answer."""
    found: dict[str, list[Association]] = defaultdict(list)
    for start in range(0, len(machine_ids), _BATCH):
        some = machine_ids[start : start + _BATCH]
        statement = _all(account_id).where(associations.c.machine_id.in_(some)).order_by(keys.c.name)
        for row in connection.execute(statement):
            found[row.machine_id].append(_association(row))
    return dict(found)


def _all(account_id: str) -> Select[Any]:
    return (
        select(associations, keys.c.name.label("key_name"))
        .join(keys, keys.c.id == associations.c.key_id)
        .join(machines, machines.c.id == associations.c.machine_id)
        .where(keys.c.account_id == account_id, machines.c.account_id == account_id)
    )


def _association(row: Row[Any]) -> Association:
    return Association(**row._mapping)


def _existing(connection: Connection, table: Table, ids: set[str]) -> set[str]:
    found: set[str] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), _BATCH):
        some = table.c.id.in_(wanted[start : start + _BATCH])
        found |= set(connection.execute(select(table.c.id).where(some)).scalars())
    return found
