"""The running services, by heartbeat, measured on the database's clock where several machines share it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.engine import Connection

from mistserver.store.tables import leases, services

_TAKEOVER_LOCK = 0x4D495354  # any number of ours that no other lock uses


def clock(connection: Connection) -> datetime:
    """Now: of the database on PostgreSQL, since the clocks of several services differ."""
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def register(connection: Connection, executor_id: str) -> None:
    """Write this service's first beat."""
    now = clock(connection)
    connection.execute(insert(services).values(executor_id=executor_id, started_at=now, beat_at=now))


def beat(connection: Connection, executor_id: str, lease: timedelta) -> bool:
    """Write a beat and hold on to the leases; False when this service has been declared dead."""
    now = clock(connection)
    mine = update(services).where(services.c.executor_id == executor_id).values(beat_at=now)
    if not connection.execute(mine).rowcount:
        return False
    connection.execute(update(leases).where(leases.c.holder == executor_id).values(expires_at=now + lease))
    return True


def remove(connection: Connection, executor_id: str) -> None:
    """Take a service off the list, with its leases: it has stopped."""
    connection.execute(delete(services).where(services.c.executor_id == executor_id))
    connection.execute(delete(leases).where(leases.c.holder == executor_id))


def bury(connection: Connection, silent: timedelta) -> list[str]:
    """Declare dead, and forget, the services without a beat for that long. A beat that came meanwhile saves one."""
    dead = delete(services).where(services.c.beat_at < clock(connection) - silent)
    return list(connection.execute(dead.returning(services.c.executor_id)).scalars())


def living(connection: Connection) -> set[str]:
    """The services on the list."""
    return set(connection.execute(select(services.c.executor_id)).scalars())


def beating(connection: Connection, within: timedelta) -> list[str]:
    """The services that gave a sign of life within that time."""
    recent = select(services.c.executor_id).where(services.c.beat_at > clock(connection) - within)
    return list(connection.execute(recent.order_by(services.c.executor_id)).scalars())


def lock_takeover(connection: Connection) -> bool:
    """On PostgreSQL: be the only one to hand over work until the end of this transaction, or False."""
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(lock, {"key": _TAKEOVER_LOCK}).scalar_one())
