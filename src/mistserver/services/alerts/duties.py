"""The loops of alerts: judging rules, doing what they say, telling channels, and forgetting what is old."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from mistserver.services.alerts import act, deliver, evaluate
from mistserver.services.context import Context
from mistserver.store import alerts, silences

_TRIM_EVERY_S = 3600.0
_TRIMMED = 1000


def schedule(ctx: Context) -> None:
    """Each in one service at a time."""
    ctx.jobs.loop(evaluate.LOOP, evaluate.EVERY_S, evaluate.Evaluation(ctx).turn)
    ctx.jobs.loop("alert actions", act.EVERY_S, partial(act.turn, ctx))
    ctx.jobs.loop("alert messages", deliver.EVERY_S, deliver.Delivery(ctx).turn)
    ctx.jobs.loop("old alerts", _TRIM_EVERY_S, partial(trim, ctx))


async def trim(ctx: Context) -> None:
    """Incidents are kept as long as events are."""
    now = ctx.now()
    before = now - timedelta(days=ctx.settings.events_kept_days)
    while await ctx.database.write(alerts.trim, before, _TRIMMED) == _TRIMMED:
        pass
    await ctx.database.write(silences.trim, now)
