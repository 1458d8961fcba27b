"""Wakes whoever waits for a change, in this process; `store.listen` brings in what other services changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Watch:
    """One waiter. A change between two waits is not lost: the next wait returns at once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, timeout_s: float) -> bool:
        """Until the next change or the time-out; whether there was a change."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):  # wait_for of Python 3.11 can lose a cancellation
                await self._event.wait()
        woken = self._event.is_set()
        self._event.clear()
        return woken


class Signals:
    """Topics are names such as `events:<account>` and `job:<id>`.

    On SQLite all changes are made in this process. On PostgreSQL those of other services arrive by LISTEN/NOTIFY;
    while that is not `live` (no connection, a pooler that swallows notifications) waiters should poll each second,
    which `patience_s` says.
    """

    def __init__(self) -> None:
        self._watches: dict[str, set[Watch]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.live = True
        self.closing = False

    def bind(self) -> None:
        """Belong to the running event loop; changes are delivered there."""
        self._loop = asyncio.get_running_loop()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The service's event loop, for threads that hand work to it; None before `bind`."""
        return self._loop

    def close(self) -> None:
        """The service stops: followers end, so that their connections do. Any thread or signal handler may call it."""
        self.closing = True
        self.changed(None)

    @property
    def patience_s(self) -> float:
        """How long a waiter may sleep before it looks for itself."""
        return 10.0 if self.live else 1.0

    @contextmanager
    def watch(self, topic: str) -> Iterator[Watch]:
        """Hear of changes of `topic` from now on; look first, then wait."""
        watch = Watch()
        self._watches.setdefault(topic, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[topic].discard(watch)
            if not self._watches[topic]:
                del self._watches[topic]

    async def wait(self, topic: str, timeout_s: float) -> bool:
        """One wait for one change."""
        with self.watch(topic) as watch:
            return await watch.wait(timeout_s)

    def changed(self, topic: str | None) -> None:
        """Wake the waiters of a topic, or all of them with None. Any thread may call it."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # the loop may close between the two
                loop.call_soon_threadsafe(self._wake, topic)

    def _wake(self, topic: str | None) -> None:
        topics = list(self._watches) if topic is None else [topic]
        for name in topics:
            for watch in self._watches.get(name, ()):
                watch.wake()
