"""A channel to a machine as frames in both directions, with little memory whoever is slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from mistserver.domain.errors import MistError
from mistserver.jobs.running import unexpected
from mistserver.services.machines import frames

_WAITING_FRAMES = 8
_PIECE = 256 * 1024

Work = Callable[["Channel"], Awaitable[int | None]]
Closed = Callable[[int | None, MistError | None], Awaitable[None]]


class Channel:
    """The face's side is `receive`, `send` and `close`; the work's side is `incoming`, `emit` and `tell`.

    The work's result is the exit code; the last frame tells it, or the error.
    """

    def __init__(self) -> None:
        self._in: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_FRAMES)
        self._out: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_FRAMES)
        self._task: asyncio.Task[None] | None = None
        self._verdict: MistError | None = None
        self._closing: asyncio.Future[None] | None = None

    def start(self, work: Work, on_closed: Closed) -> None:
        """Begin; `on_closed` is called once at the end, whatever it is."""
        self._task = asyncio.create_task(self._run(work, on_closed), name="channel")

    async def receive(self) -> bytes | None:
        """The next frame for the client; None at the end."""
        return await self._out.get()

    async def send(self, frame: bytes) -> None:
        """A frame from the client; waits while the machine takes no more."""
        put = asyncio.ensure_future(self._in.put(frame))
        over: set[asyncio.Future[Any]] = {put} if self._task is None else {put, self._task}
        try:
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        finally:
            put.cancel()

    async def close(self) -> None:
        """The client is gone: end what runs on the machine. Returns when it is ended here."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._closing is not None:
            await self._closing

    def break_off(self, reason: MistError) -> None:
        """End the work now and tell the client why."""
        if self._task is not None and not self._task.done():
            self._verdict = reason
            self._task.cancel()

    async def incoming(self) -> AsyncIterator[bytes | dict[str, Any]]:
        """Input and control messages of the client, until its end of input, which is the last message."""
        while True:
            frame = await self._in.get()
            if frame is None:
                return
            content = frames.content(frame)
            yield content
            if isinstance(content, dict) and content.get("eof"):
                return

    async def emit(self, stream: str, data: bytes) -> None:
        """Output for the client; waits while it takes no more."""
        for start in range(0, len(data), _PIECE):
            await self._out.put(frames.data(frames.STREAMS[stream], data[start : start + _PIECE]))

    async def tell(self, **message: Any) -> None:
        """A control message for the client."""
        await self._out.put(frames.control(**message))

    async def _run(self, work: Work, on_closed: Closed) -> None:
        code: int | None = None
        error: MistError | None = None
        try:
            try:
                code = await work(self)
            except MistError as failure:
                error = failure
            except asyncio.CancelledError:
                error = self._verdict
                if error is None:
                    raise
            except Exception as failure:
                error = unexpected(failure)
            await self._last(frames.failure(error) if error else frames.control(exit_code=code))
        finally:
            self._closing = asyncio.ensure_future(on_closed(code, error))
            await asyncio.shield(self._closing)

    async def _last(self, frame: bytes) -> None:
        """The verdict reaches a client that reads; one that does not read has what waits for it thrown away."""
        for item in (frame, None):
            if self._verdict is not None:
                while self._out.full():
                    self._out.get_nowait()
            await self._out.put(item)
