"""Sockets of a machine made local: for libraries that want a path or an address and know nothing of SSH."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mistserver.domain.errors import InvalidInput, MistError
from mistserver.ssh.target import clean_host, clean_port

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection
    from mistserver.ssh.session import Feed

_PIECE = 64 * 1024


class _Relay:
    """Joins each local client to a stream of its own."""

    def __init__(self, open_stream: Callable[[], Awaitable[Feed]], first: Feed) -> None:
        self._open_stream = open_stream
        self._first: Feed | None = first
        self._clients: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            feed, self._first = self._first, None
            if feed is None or feed.closed.is_set():
                feed = await self._open_stream()
            await _join(feed, reader, writer)
        except (MistError, OSError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def close(self) -> None:
        if self._first is not None:
            self._first.close()
        for client in list(self._clients):
            client.cancel()
        if self._clients:
            await asyncio.wait(list(self._clients))


async def _join(feed: Feed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes both ways until both ends have finished, or one is lost."""

    async def up() -> None:
        while data := await reader.read(_PIECE):
            await feed.write(data)
        feed.write_eof()

    async def down() -> None:
        while (piece := await feed.read()) is not None:
            writer.write(piece[1])
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        if feed.closed.is_set():
            raise BrokenPipeError

    both = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
    try:
        await asyncio.gather(*both)
    finally:
        for side in both:
            side.cancel()
        await asyncio.wait(both)
        feed.close()


@asynccontextmanager
async def forward_unix(connection: Connection, remote_path: str) -> AsyncIterator[str]:
    """The path of a local socket, in a folder only for this user, that leads to `remote_path` on the machine.

    The first stream is opened at once, so that a socket that is not there is an error here.
    """
    if not remote_path.startswith("/") or "\x00" in remote_path or len(remote_path) > 107:
        raise InvalidInput("The path of a socket starts with / and has at most 107 characters.", field="remote_path")
    relay = _Relay(lambda: connection.stream(remote_path), await connection.stream(remote_path))
    folder = Path(tempfile.mkdtemp(prefix="mist-"))
    try:
        server = await asyncio.start_unix_server(relay.serve, folder / "socket")
        async with _closing(server, relay):
            yield str(folder / "socket")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def forward_tcp(connection: Connection, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """A local address that leads to `host:port` as the machine sees it; the first stream is opened at once."""
    clean_host(host)
    clean_port(port)
    relay = _Relay(lambda: connection.stream_to(host, port), await connection.stream_to(host, port))
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    async with _closing(server, relay):
        local: tuple[str, int] = server.sockets[0].getsockname()[:2]
        yield local


@asynccontextmanager
async def _closing(server: asyncio.Server, relay: _Relay) -> AsyncIterator[None]:
    try:
        yield
    finally:
        server.close()
        await relay.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
