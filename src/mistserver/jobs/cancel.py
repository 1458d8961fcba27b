"""Stops jobs of this process that a user has cancelled, in whichever service that was said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistserver.jobs.loops import keep_going
from mistserver.store import jobs

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs

GRACE_S = 2.0
LOOK_S = 1.0


class CancelWatch:
    """A handler that notices `cancelled` ends by itself; one that does not has its task cancelled after the grace."""

    def __init__(self, engine: Jobs) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        self._task = asyncio.create_task(keep_going("cancelled jobs", self._watch))

    async def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        with self._engine.signals.watch(jobs.CANCELS) as watch:
            while True:
                running = [job_id for job_id, job in self._engine.running.items() if not job.cancelled.is_set()]
                if running:
                    for job_id in await self._engine.database.read(jobs.cancelled_among, running):
                        self._cancel(job_id)
                await watch.wait(LOOK_S)

    def _cancel(self, job_id: str) -> None:
        job = self._engine.running.get(job_id)
        if job is None:
            return
        job.wake(cancel=True)
        loop = asyncio.get_running_loop()
        self._timers[job_id] = loop.call_later(GRACE_S, self._insist, job_id)

    def _insist(self, job_id: str) -> None:
        self._timers.pop(job_id, None)
        task = self._engine.tasks.get(job_id)
        if task is not None and not self._engine.draining:
            task.cancel()
