"""Machines that the service stays connected with while they are monitored: sampled ones, and ends of tunnels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from mistserver.domain.errors import MistError
from mistserver.domain.monitoring import Monitoring
from mistserver.jobs.running import unexpected
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import sampling, tunnel
from mistserver.store import monitoring

log = logging.getLogger(__name__)

LOOK_S = 2.0
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_WELL_AFTER_S = 60.0  # a connection that held this long begins again with the first pause

Hold = Callable[[Context, Found, Monitoring], Awaitable[None]]


@dataclass(frozen=True)
class _Wanted:
    """One machine, and all that a change of which needs another connection."""

    account_id: str
    machine_id: str
    way: str
    interval_s: int
    tunnel_port: int | None


def schedule(ctx: Context) -> None:
    """In one service at a time; another goes on when that one stops."""
    ctx.jobs.loop("held machines", LOOK_S, partial(hold_all, ctx))


async def hold_all(ctx: Context) -> None:
    """Until cancelled: a task for each machine that is to be held, and none for another."""
    tasks: dict[_Wanted, asyncio.Task[None]] = {}
    try:
        while True:
            records = await ctx.database.read(monitoring.held)
            wanted = {_wanted(account_id, record): record for account_id, record in records}
            for gone in [each for each in tasks if each not in wanted]:
                tasks.pop(gone).cancel()
            for each, record in wanted.items():
                if each not in tasks or tasks[each].done():
                    tasks[each] = asyncio.create_task(_keep(ctx, each, record), name=f"hold {each.machine_id}")
            await asyncio.sleep(LOOK_S)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


def _wanted(account_id: str, record: Monitoring) -> _Wanted:
    return _Wanted(account_id, record.machine_id, record.way, record.interval_s, record.tunnel_port)


async def _keep(ctx: Context, wanted: _Wanted, record: Monitoring) -> None:
    """Connect again whenever the connection is lost, with longer and longer pauses while that fails."""
    loop, pause_s, trouble = asyncio.get_running_loop(), _FIRST_PAUSE_S, ""
    hold: Hold = sampling.hold if wanted.way == "agentless" else tunnel.hold
    while True:
        began = loop.time()
        try:
            found = await ctx.database.read(lookup.found, wanted.account_id, wanted.machine_id)
            await hold(ctx, found, record)
            said = ""
        except MistError as error:
            said = error.message
        except Exception as error:
            said = unexpected(error).message
        if said and said != trouble:
            log.warning("monitoring of %s is interrupted: %s", wanted.machine_id, said)
        trouble = said
        if loop.time() - began > _WELL_AFTER_S:
            pause_s = _FIRST_PAUSE_S
        if said:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
