"""One held SSH channel to a machine that answers each line with a sample."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mistserver.monitoring.sampling import text
from mistserver.monitoring.sampling.frames import Frame, Frames
from mistserver.ssh import trouble
from mistserver.ssh.script import converse

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection
    from mistserver.ssh.session import Feed

ANSWER_S = 30.0


class Channel:
    """The shell at its other end ends when this closes, whatever closes it: its input is then at its end."""

    def __init__(self, connection: Connection, feed: Feed) -> None:
        self._connection = connection
        self._feed = feed
        self._frames = Frames()

    async def sample(self) -> Frame:
        """Ask for one, and wait for it. MachineLost when the channel is gone, MachineTimeout when nothing comes."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._feed.write(b"\n")
                while (piece := await self._feed.read()) is not None:
                    stream, data = piece
                    if stream == "stdout" and (frames := self._frames.feed(data)):
                        return frames[-1]
        except TimeoutError:
            raise trouble.no_answer(self._connection.target, ANSWER_S) from None
        except OSError:
            pass
        raise trouble.lost(self._connection.target, "it was sampled")


@asynccontextmanager
async def opened(connection: Connection) -> AsyncIterator[Channel]:
    """A shell of the machine's that knows how to sample it."""
    script = converse(text.on_asking())
    feed = await connection.command(script.line, repeatable=True)
    try:
        await feed.write(script.payload)
        yield Channel(connection, feed)
    except BrokenPipeError:
        raise trouble.lost(connection.target, "it was sampled") from None
    finally:
        feed.close()


async def hold(
    connection: Connection, next_tick: Callable[[], Awaitable[None]], take: Callable[[Frame], Awaitable[None]]
) -> None:
    """Sample at each tick until the channel is gone, which is an error."""
    async with opened(connection) as channel:
        while True:
            await take(await channel.sample())
            await next_tick()
