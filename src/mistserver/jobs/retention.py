"""Forgets finished jobs and old events after their time, in small batches, so that nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mistserver.store import events, jobs

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs

JOBS = 20
EVENTS = 500
BREATH_S = 0.05


class Retention:
    """One turn of the loop deletes all that is over its time."""

    def __init__(self, engine: Jobs) -> None:
        self._engine = engine

    async def run(self) -> None:
        database, config, now = self._engine.database, self._engine.config, datetime.now(UTC)
        jobs_before = now - timedelta(days=config.jobs_kept_days)
        events_before = now - timedelta(days=config.events_kept_days)
        await _all(lambda: database.write(jobs.trim, jobs_before, JOBS), JOBS)
        await _all(lambda: database.write(events.trim, events_before, EVENTS), EVENTS)
        await _all(lambda: self._engine.in_thread(self._engine.durable.trim, jobs_before, JOBS), JOBS)


async def _all(trim: Callable[[], Awaitable[int]], batch: int) -> None:
    while True:
        if await trim() < batch:
            return
        await asyncio.sleep(BREATH_S)
