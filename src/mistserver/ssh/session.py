"""One channel of a connection as a stream with back-pressure: a slow reader costs at most two windows of memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import asyncssh

WINDOW = 256 * 1024
FORWARD_WINDOW = 1024 * 1024
_LINGER_S = 1.0  # how long output is awaited after the exit code when something else holds the channel open
_REAP_S = 5.0  # how long an abandoned command may take to end before its channel is cut


class Feed(asyncssh.SSHClientSession[bytes]):
    """The session of a command, shell or forwarded stream, read with `read` and written with `write`.

    The library gives the sender a whole new window with every piece that a paused session takes, so a session that
    pauses while a piece is delivered is never full. This one pauses only afterwards, and resumes once it is empty.
    """

    def __init__(self, *, half_open: bool = False) -> None:
        self.channel: Any = None
        self.exit_code: int | None = None
        self.exit_signal: str | None = None
        self.exited = False
        self.over = asyncio.Event()  # the exit code is known, or never will be
        self.closed = asyncio.Event()
        self.lost: Exception | None = None
        self._on_closed: list[Callable[[], None]] = []
        self._half_open = half_open
        self._pieces: deque[tuple[str, bytes]] = deque()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = self._paused = self._pausing = self._discarding = False

    async def read(self) -> tuple[str, bytes] | None:
        """The next piece of `stdout` or `stderr`; None at the end."""
        while not self._pieces:
            if self.closed.is_set() or (self._ended and (self.exited or self._half_open)):
                return None
            self._news.clear()
            try:
                async with asyncio.timeout(_LINGER_S if self.exited else None):
                    await self._news.wait()
            except TimeoutError:
                return None
        piece = self._pieces.popleft()
        if not self._pieces and self._paused:
            self._paused = False
            self.channel.resume_reading()
        return piece

    async def write(self, data: bytes) -> None:
        """Send, waiting while the other side takes no more. BrokenPipeError when the channel is closed."""
        await self._writable.wait()
        self.channel.write(data)

    def write_eof(self) -> None:
        """Say that nothing more will be sent; harmless when it was said, or when the channel is closed."""
        if not self.closed.is_set() and not self.channel.is_closing():
            self.channel.write_eof()

    def close(self) -> None:
        """Close the channel at once; the session is over for both sides."""
        self._discard()
        if not self.closed.is_set():
            self.channel.close()

    def abandon(self) -> None:
        """End the input, which makes the remote watcher end the command; drop what still comes; then close."""
        self._discard()
        if self.closed.is_set():
            return
        self.write_eof()
        cut = asyncio.get_running_loop().call_later(_REAP_S, self.close)
        self.when_closed(cut.cancel)
        if self._ended or self.exited:
            self.close()

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Call it once the channel is gone; at once when it is."""
        if self.closed.is_set():
            callback()
        else:
            self._on_closed.append(callback)

    def _discard(self) -> None:
        self._discarding = True
        self._pieces.clear()
        if self._paused and not self.closed.is_set():
            self._paused = False
            self.channel.resume_reading()

    def connection_made(self, chan: Any) -> None:
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._discarding:
            return
        stream = "stderr" if datatype == asyncssh.EXTENDED_DATA_STDERR else "stdout"
        self._pieces.append((stream, data))
        self._news.set()
        if not self._pausing:
            self._pausing = True
            asyncio.get_running_loop().call_soon(self._pause)

    def _pause(self) -> None:
        self._pausing = False
        if self._pieces and not self._paused and not self.closed.is_set():
            self._paused = True
            self.channel.pause_reading()

    def eof_received(self) -> bool:
        self._ended = True
        self._news.set()
        return True

    def exit_status_received(self, status: int) -> None:
        self.exit_code, self.exited = status, True
        self.over.set()
        self._news.set()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.exit_signal, self.exited = signal, True
        self.over.set()
        self._news.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = exc
        self.closed.set()
        self.over.set()
        self._writable.set()
        self._news.set()
        for callback in self._on_closed:
            callback()
