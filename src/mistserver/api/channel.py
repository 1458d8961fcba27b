"""The WebSocket to a machine: frames in both directions between a client and what runs there."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromQuery

from mistserver.api.browser import is_own
from mistserver.api.given import Ctx
from mistserver.domain.errors import MistError, NotSignedIn
from mistserver.services.machines import frames, terminal
from mistserver.services.machines.channel import Channel

NOT_SIGNED_IN, FOREIGN_PAGE, REFUSED = 4401, 4403, 4400


@websocket("/channel", public=True)
async def open_channel(socket: WebSocket[Any, Any, Any], ctx: Ctx, ticket: FromQuery[str] = "") -> None:
    """A terminal, a command or a file, by a ticket. A page of another origin gets nothing, whatever it holds.

    The control message `{"ping": true}` is answered with a `pong`: who waits for a quiet machine can find out whether
    the connection still stands.
    """
    await socket.accept()
    if _is_foreign(socket):
        await socket.close(FOREIGN_PAGE, "this page may not open a channel")
        return
    try:
        channel = await terminal.open(ctx, ticket)
    except MistError as error:
        await socket.send_bytes(frames.failure(error))
        await socket.close(NOT_SIGNED_IN if isinstance(error, NotSignedIn) else REFUSED, error.code)
        return
    await _carry(socket, channel)


async def _carry(socket: WebSocket[Any, Any, Any], channel: Channel) -> None:
    """Until the work's last frame was sent, or the client is gone."""
    tasks = {asyncio.create_task(_from_client(socket, channel)), asyncio.create_task(_to_client(socket, channel))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await channel.close()
    if not any(isinstance(end, WebSocketDisconnect) for end in ended):
        await socket.close()


async def _from_client(socket: WebSocket[Any, Any, Any], channel: Channel) -> None:
    while True:
        frame = await socket.receive_bytes()
        if frames.is_ping(frame):
            await channel.tell(pong=True)
        else:
            await channel.send(frame)


async def _to_client(socket: WebSocket[Any, Any, Any], channel: Channel) -> None:
    while (frame := await channel.receive()) is not None:
        await socket.send_bytes(frame)


def _is_foreign(socket: WebSocket[Any, Any, Any]) -> bool:
    origin = socket.headers.get("origin")
    return origin is not None and not is_own(socket, origin)


ROUTES = [open_channel]
