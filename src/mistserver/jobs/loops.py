"""Work that comes again and again: each loop runs in one service at a time, the one that holds its lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from mistserver.jobs.fence import DEAD_S
from mistserver.jobs.running import unexpected
from mistserver.store import leases

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs

log = logging.getLogger(__name__)

LoopWork = Callable[[], Awaitable[None]]
RETRY_S = 2.0


async def keep_going(name: str, work: LoopWork) -> None:
    """Call `work` until cancelled; after an error, which is logged, again."""
    while True:
        try:
            await work()
            return
        except Exception as error:
            log.error("%s: interrupted", name)
            unexpected(error)
        await asyncio.sleep(RETRY_S)


class Loops:
    """A lease lasts as long as the heartbeat of its holder; SQLite has one service, which needs none."""

    def __init__(self, engine: Jobs) -> None:
        self._engine = engine
        self._loops: dict[str, tuple[float, LoopWork]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._started = False

    def add(self, name: str, every_s: float, work: LoopWork) -> None:
        if name in self._loops:
            raise ValueError(f"two loops with the name {name}")
        self._loops[name] = (every_s, work)
        if self._started:
            self._run(name)

    def start(self) -> None:
        self._started = True
        for name in self._loops:
            self._run(name)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, name: str) -> None:
        every_s, work = self._loops[name]
        self._tasks.append(asyncio.create_task(keep_going(name, lambda: self._turns(name, every_s, work))))

    async def _turns(self, name: str, every_s: float, work: LoopWork) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            if await self._leased(name):
                await work()
                rest = every_s - (loop.time() - begun)
            else:
                rest = min(every_s, DEAD_S)
            await asyncio.sleep(max(rest, 0.05))

    def take(self, connection: Connection, name: str) -> bool:
        """Get or keep the lease; nobody else gets it before this transaction ends."""
        if self._engine.database.is_sqlite:
            return True
        return leases.take(connection, name, self._engine.config.executor_id, timedelta(seconds=DEAD_S))

    async def _leased(self, name: str) -> bool:
        database = self._engine.database
        return True if database.is_sqlite else await database.write(self.take, name)
