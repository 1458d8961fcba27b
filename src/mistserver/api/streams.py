"""Server-sent events that end with the right to read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from litestar.response import ServerSentEvent, ServerSentEventMessage

from mistserver.domain.account import Actor
from mistserver.domain.errors import Unavailable
from mistserver.services.accounts import sessions
from mistserver.services.context import Context

ALLOWED_EVERY_S = 4.0  # a reader whose token was revoked hears nothing more after this time


def stream(ctx: Context, actor: Actor, messages: AsyncGenerator[ServerSentEventMessage, None]) -> ServerSentEvent:
    """An answer of these messages, for as long as the actor's session or token is good."""
    return ServerSentEvent(_while_allowed(ctx, actor, messages))


async def _while_allowed(
    ctx: Context, actor: Actor, messages: AsyncGenerator[ServerSentEventMessage, None]
) -> AsyncIterator[ServerSentEventMessage]:
    now = asyncio.get_running_loop().time
    checked = now()
    coming = asyncio.ensure_future(anext(messages, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=ALLOWED_EVERY_S)
            if now() - checked >= ALLOWED_EVERY_S:
                checked = now()
                if not await _may_still(ctx, actor):
                    return
            if coming.done():
                if (message := coming.result()) is None:
                    return
                yield message
                coming = asyncio.ensure_future(anext(messages, None))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await coming
        await messages.aclose()


async def _may_still(ctx: Context, actor: Actor) -> bool:
    try:
        return await sessions.is_good(ctx, actor)
    except Unavailable:
        return True  # the store is away for a moment, and so is what there would be to tell
