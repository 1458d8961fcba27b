"""The pool of open SSH connections: callers that want the same machine share one, and share the attempt to open it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mistserver.domain.errors import MistError, Unavailable
from mistserver.ssh import trouble
from mistserver.ssh.limits import Limits
from mistserver.ssh.link import Link
from mistserver.ssh.target import HostKeys, Identity, Place, Target

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection as Connection

_CLOSE_S = 2.0


@dataclass
class _Attempt:
    task: asyncio.Task[Link]
    owner: str
    waiters: int = 0
    stale: bool = False


def preload() -> None:
    """Import the SSH library now (160 ms) instead of on first use; may be called in a thread."""
    import mistserver.ssh.connection
    import mistserver.ssh.walk  # noqa: F401 - imported for what it brings


class Pool:
    """One per process, used in one event loop. Private keys are held only while a connection is opened or used."""

    def __init__(self, host_keys: HostKeys, *, connect_timeout_s: float, keepalive_s: float, idle_s: float) -> None:
        self.host_keys = host_keys
        self.connect_timeout_s = connect_timeout_s
        self._keepalive_s = keepalive_s
        self._idle_s = idle_s
        self._limits = Limits()
        self._links: dict[Place, list[Link]] = {}
        self._attempts: dict[Identity, _Attempt] = {}
        self._closed = False

    async def connect(self, target: Target, timeout_s: float | None = None) -> Connection:
        """A connection to the machine, opened now or earlier. It needs no closing.

        `timeout_s` bounds the whole wait, the queue for a place included; without it only the machine's own answers
        are timed. Raises MachineUnreachable, MachineTimeout, MachineAuthFailed or HostKeyChanged.
        """
        from mistserver.ssh.connection import Connection

        try:
            async with asyncio.timeout(timeout_s):
                return Connection(self, target, await self.link(target))
        except TimeoutError:
            raise trouble.no_connection(target, timeout_s or 0) from None

    async def link(self, target: Target, *, room: bool = False) -> Link:
        """A link that is alive; with `room`, one that takes another session."""
        while True:
            for link in self._links.get(target.place, ()):
                if link.alive and link.serves(target) and (link.has_room or not room):
                    return link
            link = await self._shared(target)
            if link.has_room or not room:
                return link

    async def forget(self, owner: str) -> None:
        """Close what is open to an owner's machine, and keep nothing of what is being opened."""
        for attempt in list(self._attempts.values()):
            attempt.stale = attempt.stale or attempt.owner == owner
        self._attempts = {identity: a for identity, a in self._attempts.items() if not a.stale}
        for link in self._all():
            if link.login.place[0] == owner:
                link.close()

    async def close(self) -> None:
        """Close everything; whoever still uses a connection loses it."""
        self._closed = True
        for attempt in list(self._attempts.values()):
            attempt.task.cancel()
        links = self._all()
        for link in links:
            link.close()
        if links:
            waiting = [asyncio.ensure_future(link.closed.wait()) for link in links]
            _, late = await asyncio.wait(waiting, timeout=_CLOSE_S)
            for task in late:
                task.cancel()
            for link in links:
                link.abort()

    @property
    def open_links(self) -> int:
        """How many connections are open, for metrics."""
        return len(self._all())

    async def _shared(self, target: Target) -> Link:
        """One attempt for all who ask while it runs; cancelled when none of them waits any more."""
        if self._closed:
            raise Unavailable("The service is stopping.")
        identity = target.identity
        attempt = self._attempts.get(identity)
        if attempt is None:
            attempt = _Attempt(asyncio.create_task(self._open(target)), target.owner)
            attempt.task.add_done_callback(_seen)
            self._attempts[identity] = attempt
        attempt.waiters += 1
        try:
            link = await asyncio.shield(attempt.task)
        except MistError as error:
            raise trouble.again(error) from None
        finally:
            attempt.waiters -= 1
            if not attempt.waiters or attempt.task.done():
                attempt.task.cancel()
                if self._attempts.get(identity) is attempt:
                    del self._attempts[identity]
        if not attempt.stale:
            self._keep(link)
        return link

    async def _open(self, target: Target) -> Link:
        from mistserver.ssh.walk import Timing, Walk

        timing = Timing(self.connect_timeout_s, self._keepalive_s, self._idle_s)
        if target.jump is None:
            return await Walk(target, self.host_keys, self._limits, timing).run()
        jump = await self.link(target.jump)
        release = jump.hold(session=False)
        try:
            return await Walk(target, self.host_keys, self._limits, timing, jump).run()
        finally:
            release()

    def _keep(self, link: Link) -> None:
        links = self._links.setdefault(link.login.place, [])
        if link in links or not link.alive:
            return
        links.append(link)
        link.on_closed.append(lambda: self._drop(link))

    def _drop(self, link: Link) -> None:
        links = self._links.get(link.login.place, [])
        if link in links:
            links.remove(link)
        if not links:
            self._links.pop(link.login.place, None)

    def _all(self) -> list[Link]:
        return [link for links in self._links.values() for link in links]


def _seen(task: asyncio.Task[Link]) -> None:
    """An attempt that nobody waits for any more fails without a word."""
    if not task.cancelled():
        task.exception()
