"""Events, as pages and as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Limit, Listing
from mistserver.api.routes import get
from mistserver.api.streams import stream
from mistserver.domain.event import Event
from mistserver.domain.page import clean_limit, clean_seq
from mistserver.services import events
from mistserver.store.events import EventQuery

After = Annotated[
    int | None, QueryParameter(description="Read forwards from this `seq`; without it the newest come first.")
]


@get("/events")
async def list_events(
    ctx: Ctx,
    actor: Who,
    after: After = None,
    before: Annotated[int | None, QueryParameter(description="Read backwards from this `seq`.")] = None,
    kind: FromQuery[str | None] = None,
    subject: Annotated[str | None, QueryParameter(description="Only about the thing with this id or name.")] = None,
    limit: Limit = None,
) -> Listing[Event]:
    """What happened, by whom, on what, with which result."""
    query = EventQuery(after=after, before=before, kind=kind, subject=subject, limit=clean_limit(limit))
    return Listing(items=await events.page(ctx, actor, query))


@get("/events/stream", media_type="text/event-stream")
async def follow_events(ctx: Ctx, actor: Who, after: After = None) -> ServerSentEvent:
    """Events as they happen (server-sent events of type `event`; the id is `seq`)."""
    clean_seq(after, "after")

    async def messages() -> AsyncGenerator[ServerSentEventMessage, None]:
        async for event in events.follow(ctx, actor, after):
            yield ServerSentEventMessage(data=msgspec.json.encode(event).decode(), event="event", id=event.seq)

    return stream(ctx, actor, messages())


ROUTES = [list_events, follow_events]
