"""Reading the machines of backends: all at once, each with its own deadline, what fails never hiding what works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import MistError, ProviderTimeout, Unavailable
from mistserver.domain.names import visible
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.services.machines import pauses
from mistserver.store import backends, events, inventory
from mistserver.store.backends import StoredBackend
from mistserver.store.inventory import Changes, Named
from mistserver.store.locks import lock_account
from mistserver.store.readings import Prepared, prepare

TROUBLED_WAIT_S = 1.0  # for a backend whose last reading failed, beyond the others
_TOLD_ONE_BY_ONE = 5
_NAMES_TOLD = 20


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A whole good answer of one backend."""

    stored: StoredBackend
    machines: list[Prepared]
    started_at: datetime
    at: datetime


def schedule(ctx: Context) -> None:
    """Have every backend read again and again, by one service at a time."""
    ctx.jobs.loop("inventory", ctx.settings.inventory_interval_s, partial(read_all, ctx))


async def read_all(ctx: Context) -> None:
    """Read every enabled backend of every account once; returns when all have answered or failed.

    One that keeps failing is left out while its pause lasts (`pauses.py`).
    """
    known = await ctx.database.read(backends.all_of, None)
    readings = [start(ctx, stored) for stored in known if stored.backend.enabled and not _paused(ctx, stored)]
    await asyncio.gather(*readings, return_exceptions=True)


def start(ctx: Context, stored: StoredBackend) -> asyncio.Task[None]:
    """The reading of one backend that is under way, or a new one. It is applied even if nobody waits for it."""
    return ctx.providers.readings.join(_flight(stored), partial(_read, ctx, stored.account_id, stored.id))


def _flight(stored: StoredBackend) -> str:
    """Other credentials make another reading: the one under way may still be using the old ones."""
    return f"{stored.id} {stored.access}"


def late(ctx: Context, stored: StoredBackend) -> Trouble | None:
    """That a reading of the backend is under way for longer than even a refresh waits."""
    reading = ctx.providers.readings.under_way(_flight(stored))
    age_s = 0.0 if reading is None else ctx.providers.readings.age_s(reading)
    if age_s < ctx.settings.refresh_wait_s:
        return None
    asked_at = (ctx.now() - timedelta(seconds=age_s)).replace(microsecond=0)
    message = f"The backend {stored.name!r} has not answered yet; it was asked at {asked_at:%H:%M:%S} UTC."
    return Trouble(code=ProviderTimeout.code, message=message, at=asked_at)


async def freshen(ctx: Context, known: Sequence[StoredBackend], refresh: bool = False, wait: bool = True) -> bool:
    """Read again what is older than `inventory_fresh_s` (with `refresh`: all), and wait a while for the answers.

    What keeps failing is asked only with `refresh` while its pause lasts. Says whether anything was waited for, which
    without `wait` only a refresh is. What does not answer in time goes on and is applied when it does; until then the
    listings that follow do not wait for it again.
    """
    settings = ctx.settings
    oldest = ctx.now() - timedelta(seconds=settings.inventory_fresh_s)
    due = [
        stored
        for stored in known
        if stored.backend.enabled and (refresh or (_tried_at(stored) < oldest and not _paused(ctx, stored)))
    ]
    if not due:
        return False
    if not (wait or refresh):
        for stored in due:
            start(ctx, stored)
        return False
    limit_s = settings.refresh_wait_s if refresh else settings.inventory_wait_s
    good, slow = [], []
    for stored in due:
        reading = start(ctx, stored)
        overdue = ctx.providers.readings.age_s(reading) >= limit_s
        if stored.backend.trouble is None and not overdue:
            good.append(reading)
        elif refresh or not overdue:
            slow.append(reading)
    began = time.monotonic()
    await _wait(good, limit_s)
    await _wait(slow, min(TROUBLED_WAIT_S, limit_s - (time.monotonic() - began)))
    return True


def _paused(ctx: Context, stored: StoredBackend) -> bool:
    return pauses.paused(stored.backend.trouble, ctx.now())


async def _wait(readings: list[asyncio.Task[None]], limit_s: float) -> None:
    if readings and limit_s > 0:
        await asyncio.wait(readings, timeout=limit_s)


def _tried_at(stored: StoredBackend) -> datetime:
    """When a reading last ended, well or not; long ago when none ever did."""
    shown = stored.backend
    times = [at for at in (shown.read_at, shown.trouble.at if shown.trouble else None) if at is not None]
    return max(times, default=shown.created_at - timedelta(days=1))


async def _read(ctx: Context, account_id: str, backend_id: str) -> None:
    stored = await ctx.database.read(backends.get, account_id, backend_id)
    if stored is None or not stored.backend.enabled:
        return
    started_at = ctx.now()
    try:
        machines = await ctx.providers.call(ctx, stored, _machines, ctx.settings.inventory_timeout_s)
    except Unavailable:
        return  # our own lack of room says nothing of the backend
    except MistError as error:
        await ctx.database.write(_failed, stored, error, ctx.settings.inventory_interval_s, ctx.now())
        return
    reading = _Reading(stored=stored, machines=machines, started_at=started_at, at=ctx.now())
    await ctx.database.write(_apply, reading)


def _machines(provider: Provider) -> list[Prepared]:
    return prepare(provider.list_machines())


def _current(connection: Connection, stored: StoredBackend) -> StoredBackend | None:
    """The backend as it is now; None when what was read is no longer wanted."""
    lock_account(connection, stored.account_id)
    now = backends.get(connection, stored.account_id, stored.id)
    if now is None or not now.backend.enabled or now.access != stored.access:
        return None
    return now


def _apply(connection: Connection, reading: _Reading) -> None:
    now = _current(connection, reading.stored)
    if now is None or (now.backend.read_at is not None and now.backend.read_at > reading.started_at):
        return
    changes = inventory.apply_reading(connection, now, reading.machines, reading.started_at, reading.at)
    if now.backend.trouble is not None:
        _tell(connection, now, "backend.recovered", at=reading.at, message="answers again")
    if not changes.first:
        _tell_changes(connection, now, changes, reading.at)


def _failed(connection: Connection, stored: StoredBackend, error: MistError, interval_s: float, at: datetime) -> None:
    now = _current(connection, stored)
    if now is None:
        return
    trouble = pauses.after(error, now.backend.trouble, interval_s, at)
    backends.record_trouble(connection, stored.id, trouble)
    if now.backend.trouble is None:
        inventory.bump(connection, stored.account_id)
        facts = {"message": trouble.message, "details": {"code": trouble.code}, "outcome": "failed"}
        _tell(connection, now, "backend.failing", at=trouble.at, **facts)


def _tell_changes(connection: Connection, stored: StoredBackend, changes: Changes, at: datetime) -> None:
    """Events of machines that came or went without Mist; many at once are one event."""
    for kind, named in (("machine.appeared", changes.appeared), ("machine.disappeared", changes.gone)):
        if len(named) > _TOLD_ONE_BY_ONE:
            message = f"{len(named)} machines {kind.removeprefix('machine.')}"
            details = {"count": len(named), "names": [visible(name) for _, name in named[:_NAMES_TOLD]]}
            _tell(connection, stored, kind, at=at, message=message, details=details)
            continue
        for machine in named:
            _tell_one(connection, stored, kind, machine, at)


def _tell_one(connection: Connection, stored: StoredBackend, kind: str, machine: Named, at: datetime) -> None:
    id, name = machine
    message = f"{kind.removeprefix('machine.')} at the backend {stored.name}"
    details = {"backend_id": stored.id}
    subject = ("machine", id, name)
    account_id = stored.account_id
    events.record(
        connection, None, kind, account_id=account_id, subject=subject, message=message, details=details, at=at
    )


def _tell(connection: Connection, stored: StoredBackend, kind: str, **facts: Any) -> None:
    subject = ("backend", stored.id, stored.name)
    events.record(connection, None, kind, account_id=stored.account_id, subject=subject, **facts)
