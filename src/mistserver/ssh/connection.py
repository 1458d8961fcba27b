"""A caller's hold on a pooled connection: opens channels, and connects anew when the connection turns out dead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncssh

from mistserver.ssh import trouble
from mistserver.ssh.link import Link
from mistserver.ssh.session import WINDOW, Feed
from mistserver.ssh.target import Target

if TYPE_CHECKING:
    from mistserver.ssh.pool import Pool

Opener = Callable[[asyncssh.SSHClientConnection, Callable[[], Feed]], Awaitable[Any]]
_TRIES = 4


@dataclass(frozen=True)
class Channel:
    """What to open: `counted` channels are sessions, of which a server allows few; `what` stands in messages."""

    open: Opener
    what: str
    counted: bool = True
    half_open: bool = False


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
        return self.link.login.key_id

    @property
    def host_key_fingerprint(self) -> str:
        return self.link.login.host_key_fingerprint

    @property
    def first_sight(self) -> bool:
        """Whether this machine's host key had never been seen before."""
        return self.link.login.first_sight

    async def command(self, line: str) -> Feed:
        """A session that runs `line` through the user's login shell."""
        return await self.open(Channel(lambda c, new: c.create_session(new, line, **_RAW), "a command"))

    async def terminal(self, line: str | None, term: str, cols: int, rows: int) -> Feed:
        """A session on a terminal of its own; the login shell without `line`."""
        size: dict[str, Any] = {"term_type": term, "term_size": (cols, rows), "request_pty": "force"}
        return await self.open(Channel(lambda c, new: c.create_session(new, line, **size, **_RAW), "a terminal"))

    async def open(self, channel: Channel) -> Feed:
        """The open channel. A connection found dead is replaced once, as long as nothing of the request was sent."""
        replaced = False
        for _ in range(_TRIES):
            link = self.link = await self._link(channel)
            release = link.hold(session=channel.counted)
            feed = Feed(half_open=channel.half_open)
            feed.on_closed.append(release)
            try:
                async with asyncio.timeout(self._pool.connect_timeout_s):
                    await _whole(channel.open(link.connection, lambda feed=feed: feed), feed)  # type: ignore[misc]
                return feed
            except TimeoutError:
                link.abort()
                failure = f"it gave no answer for {self._pool.connect_timeout_s:g} s"
            except (asyncssh.Error, OSError) as error:
                failure = str(error)
            except BaseException:
                if feed.channel is None:
                    release()
                raise
            full = link.alive and channel.counted and link.refused_session()
            release()
            if link.alive and not full:
                raise trouble.denied(self.target, channel.what, failure)
            if not full and (replaced or feed.channel is not None):
                break
            replaced = replaced or not full
        raise trouble.lost(self.target, f"{channel.what} was opened")

    async def _link(self, channel: Channel) -> Link:
        if self.link.alive and (self.link.has_room or not channel.counted):
            return self.link
        return await self._pool.link(self.target, room=channel.counted)


_RAW: dict[str, Any] = {"encoding": None, "window": WINDOW}


async def _whole(opening: Awaitable[Any], feed: Feed) -> None:
    """Let the opening finish when its caller is cancelled, so that no half-open channel stays behind."""
    task = asyncio.ensure_future(opening)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(lambda done: _close(done, feed))
        raise


def _close(done: asyncio.Future[Any], feed: Feed) -> None:
    if done.cancelled() or done.exception() is not None:
        for callback in feed.on_closed:
            callback()
    else:
        feed.abandon()
