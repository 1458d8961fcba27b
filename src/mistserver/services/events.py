"""Who changed what, when, with which result: as pages, and followed while it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

from mistserver.domain.account import Actor, Scope
from mistserver.domain.event import Event
from mistserver.domain.page import clean_limit, clean_seq
from mistserver.services.context import Context
from mistserver.store import events
from mistserver.store.events import EventQuery

BATCH = 200


async def page(ctx: Context, actor: Actor, query: EventQuery) -> list[Event]:
    """Some of the account's events: newest first, or forwards from a seq; the last one's seq leads to the next page."""
    actor.require(Scope.READ)
    clean_limit(query.limit)
    clean_seq(query.after, "after")
    clean_seq(query.before, "before")
    return await ctx.database.read(events.page, actor.account_id, query)


async def follow(ctx: Context, actor: Actor, after: int | None = None) -> AsyncIterator[Event]:
    """Each event behind the seq `after`, in the order of seq, until the service stops; without `after` from now on.

    Works in any service, whichever wrote the event; none is missed (see `store.events.record`).
    """
    actor.require(Scope.READ)
    seen = after
    if seen is None:
        seen = await ctx.database.read(events.last_seq, actor.account_id)
    with ctx.jobs.signals.watch(events.topic(actor.account_id)) as watch:
        while not ctx.jobs.signals.closing:
            found = await ctx.database.read(events.page, actor.account_id, EventQuery(after=seen, limit=BATCH))
            for event in found:
                yield event
                seen = event.seq
            if len(found) < BATCH:
                await watch.wait(ctx.jobs.signals.patience_s)
