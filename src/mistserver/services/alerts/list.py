"""Alerts as they stand."""

from __future__ import annotations

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.alert import Alert
from mistserver.domain.errors import NotFound
from mistserver.domain.page import Page, clean_limit
from mistserver.services.context import Context
from mistserver.store import alerts
from mistserver.store.alerts import AlertQuery


async def page(ctx: Context, actor: Actor, query: AlertQuery, limit: int | None = None) -> Page[Alert]:
    """The newest first; without a state those that are not over."""
    actor.require(Scope.READ)
    wanted = msgspec.structs.replace(query, limit=clean_limit(limit))
    return await ctx.database.read(alerts.page, actor.account_id, wanted)


async def get(ctx: Context, actor: Actor, alert_id: str) -> Alert:
    """One alert."""
    actor.require(Scope.READ)
    alert = await ctx.database.read(alerts.get, actor.account_id, alert_id)
    if alert is None:
        raise NotFound(f"There is no alert with the id {alert_id[:64]!r}.", noun="alert", id=alert_id[:64])
    return alert
