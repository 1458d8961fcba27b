"""Ports of a machine that lead back here: who connects to one on the machine's loopback comes as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mistserver.domain.errors import MistError

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection
    from mistserver.ssh.session import Feed

MOST_AT_ONCE = 16  # streams of one port; more are closed at once

Serve = Callable[["Feed"], Awaitable[None]]


@dataclass(frozen=True)
class Listening:
    """`lost` is set when the connection, and with it the port, is gone."""

    port: int
    lost: asyncio.Event


class _Streams:
    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, feed: Feed) -> None:
        task = asyncio.get_running_loop().create_task(self._work(feed, len(self._tasks) < MOST_AT_ONCE))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, feed: Feed, wanted: bool) -> None:
        # the library tells the stream its channel only after it was accepted
        await asyncio.sleep(0)
        try:
            if wanted:
                await self._serve(feed)
        except (MistError, OSError):
            return
        finally:
            if feed.channel is not None:
                feed.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def listening(connection: Connection, port: int, serve: Serve) -> AsyncIterator[Listening]:
    """Listen at `port` of the machine's loopback (0: a free one), and have each stream served.

    MachineError when the machine does not allow it, or when the port is taken.
    """
    streams = _Streams(serve)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(streams.close)
        found = await connection.listen(port, streams.accept, stack)
        yield Listening(found, connection.link.closed)
