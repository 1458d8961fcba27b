"""A caller's hold on a pooled connection: opens channels, and connects anew when the connection turns out dead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import asyncssh

from mistserver.ssh import trouble
from mistserver.ssh.link import Link
from mistserver.ssh.session import FORWARD_WINDOW, WINDOW, Feed
from mistserver.ssh.target import Target

if TYPE_CHECKING:
    from mistserver.ssh.pool import Pool

T = TypeVar("T")
_Start = Callable[[asyncssh.SSHClientConnection, Any], Awaitable[Any]]
_TRIES = 4
_STOP_S = 2.0


@dataclass(frozen=True)
class _Opening(Generic[T]):
    """What to open. `counted` channels are sessions, of which a server allows few; `what` stands in messages."""

    start: Callable[[asyncssh.SSHClientConnection], Awaitable[T]]
    what: str
    drop: Callable[[T], None]
    was_sent: Callable[[], bool] = lambda: False
    counted: bool = True


class Connection:
    """Valid as long as the pool; several callers may use the same at once."""

    def __init__(self, pool: Pool, target: Target, link: Link) -> None:
        self.target = target
        self.link = link
        self._pool = pool

    @property
    def user(self) -> str:
        return self.link.login.user

    @property
    def key_id(self) -> str:
        return self.link.login.key[0]

    @property
    def host_key_fingerprint(self) -> str:
        return self.link.login.host_key_fingerprint

    @property
    def first_sight(self) -> bool:
        """Whether this machine's host key had never been seen before."""
        return self.link.login.first_sight

    async def command(self, line: str, *, repeatable: bool = False) -> Feed:
        """A session that runs `line` through the user's login shell. A `repeatable` line may be sent twice."""
        start: _Start = lambda c, new: c.create_session(new, line, **_RAW)  # noqa: E731 - short and typed
        return await self._feed(start, "a command", repeatable=repeatable)

    async def terminal(self, line: str | None, term: str, cols: int, rows: int) -> Feed:
        """A session on a terminal of its own; the login shell without `line`."""
        size: dict[str, Any] = {"term_type": term, "term_size": (cols, rows), "request_pty": "force"}
        return await self._feed(lambda c, new: c.create_session(new, line, **size, **_RAW), "a terminal")

    async def stream(self, path: str) -> Feed:
        """A stream to a unix socket on the machine."""
        what = f"a stream to the socket {trouble.clipped(path)}"
        return await self._feed(lambda c, new: c.create_unix_connection(new, path, **_FORWARD), what, forward=True)

    async def stream_to(self, host: str, port: int) -> Feed:
        """A TCP stream from the machine to `host:port`."""
        what = f"a stream to {host}:{port}"
        return await self._feed(lambda c, new: c.create_connection(new, host, port, **_FORWARD), what, forward=True)

    async def listen(self, port: int, accept: Callable[[Feed], None], stack: AsyncExitStack) -> int:
        """Have streams to `port` of the machine's loopback (0: a free one, which is returned) until `stack` ends."""

        def new(_host: str, _port: int) -> Feed:
            feed = Feed(half_open=True)
            accept(feed)
            return feed

        async def start(connection: asyncssh.SSHClientConnection) -> asyncssh.SSHListener:
            return await connection.create_server(new, "127.0.0.1", port, **_FORWARD)

        opening = _Opening(start, f"to listen at its port {port}", _stop, counted=False)
        listener, release = await self._open(opening)
        stack.callback(release)
        stack.push_async_callback(_stopped, listener, self.link)
        return listener.get_port()

    async def sftp(self, stack: AsyncExitStack) -> asyncssh.SFTPClient:
        """A file transfer session that ends with `stack`."""
        opening = _Opening(lambda c: c.start_sftp_client(path_errors="surrogateescape"), "file transfer", _exit)
        client, release = await self._open(opening)
        stack.callback(release)
        stack.callback(_exit, client)
        return client

    async def _feed(self, start: _Start, what: str, *, forward: bool = False, repeatable: bool = False) -> Feed:
        feeds: list[Feed] = []

        def new() -> Feed:
            feeds.append(Feed(half_open=forward))
            return feeds[-1]

        async def begin(connection: asyncssh.SSHClientConnection) -> Feed:
            await start(connection, new)
            return feeds[-1]

        # the library asks for the session between the server's consent and the request itself
        opening = _Opening(begin, what, Feed.abandon, lambda: bool(feeds) and not repeatable, not forward)
        feed, release = await self._open(opening)
        feed.when_closed(release)
        return feed

    async def _open(self, opening: _Opening[T]) -> tuple[T, Callable[[], None]]:
        """What was opened, and what to call when it is closed.

        A connection found dead is replaced once, as long as nothing of the request was sent; one that takes no more
        sessions is joined by another.
        """
        replaced = False
        for _ in range(_TRIES):
            link = self.link = await self._link(opening)
            release = link.hold(session=opening.counted)
            try:
                return await self._start(link, opening, release), release
            except TimeoutError:
                link.abort()
                failure, dead = "no answer", True
            except (asyncssh.Error, asyncssh.ChannelListenError, OSError) as error:
                failure, dead = str(error), not link.alive
            full = not dead and opening.counted and link.refused_session()
            release()
            if not dead and not full:
                raise trouble.denied(self.target, opening.what, failure)
            if dead and (replaced or opening.was_sent()):
                break
            replaced = replaced or dead
        raise trouble.lost(self.target, f"{opening.what} was being opened")

    async def _link(self, opening: _Opening[T]) -> Link:
        if self.link.alive and (self.link.has_room or not opening.counted):
            return self.link
        return await self._pool.link(self.target, room=opening.counted)

    async def _start(self, link: Link, opening: _Opening[T], release: Callable[[], None]) -> T:
        """Start it; when the caller is cancelled meanwhile, let it be finished and then drop it."""
        task = asyncio.ensure_future(opening.start(link.connection))

        def drop(done: asyncio.Future[T]) -> None:
            if not done.cancelled() and done.exception() is None:
                opening.drop(done.result())
            release()

        try:
            async with asyncio.timeout(self._pool.connect_timeout_s):
                return await asyncio.shield(task)
        except (TimeoutError, asyncio.CancelledError):
            task.add_done_callback(drop)
            raise


_RAW: dict[str, Any] = {"encoding": None, "window": WINDOW}
_FORWARD: dict[str, Any] = {"encoding": None, "window": FORWARD_WINDOW}


def _stop(listener: asyncssh.SSHListener) -> None:
    listener.close()


async def _stopped(listener: asyncssh.SSHListener, link: Link) -> None:
    """Until the machine listens no more, as far as it says so."""
    if not link.alive:
        return
    listener.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listener.wait_closed(), _STOP_S)


def _exit(client: asyncssh.SFTPClient) -> None:
    client.exit()
