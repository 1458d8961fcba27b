"""Rows that have served their purpose are thrown away, a batch at a time."""

from __future__ import annotations

from datetime import timedelta

from mistserver.services.context import Context
from mistserver.store import idempotency

EVERY_S = 3600.0
REPEATS_KEPT = timedelta(days=1)
BATCH = 1000


def schedule(ctx: Context) -> None:
    """Once an hour, in one service at a time."""

    async def work() -> None:
        await trim(ctx)

    ctx.jobs.loop("housekeeping", EVERY_S, work)


async def trim(ctx: Context) -> int:
    """Forget the answers to creates that nobody will send again; how many went."""
    gone = 0
    while (last := await ctx.database.write(idempotency.trim, ctx.now() - REPEATS_KEPT, BATCH)) > 0:
        gone += last
    return gone
