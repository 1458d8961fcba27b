"""Takes up what dead processes left: after a restart, and, on PostgreSQL, while other services run on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from mistserver.domain.errors import Internal, to_record
from mistserver.domain.job import JobState
from mistserver.jobs.fence import DEAD_S
from mistserver.jobs.loops import keep_going
from mistserver.jobs.registry import HANDLERS
from mistserver.jobs.work import finish
from mistserver.store import jobs, services
from mistserver.store.jobs import Ending

if TYPE_CHECKING:
    from mistserver.jobs.engine import Jobs

LOOK_S = 1.0
UNKICKED = timedelta(seconds=2)
LOST = timedelta(seconds=30)
AT_ONCE = 500


class Recovery:
    """Workflows begun by an executor that is not on the list of services go back into the queue."""

    def __init__(self, engine: Jobs) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._engine.database.is_sqlite:
            await self._engine.in_thread(self._resume, {self._engine.config.executor_id})
        else:
            self._task = asyncio.create_task(keep_going("taking over", self._take_over))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def sweep(self) -> None:
        """Start jobs whose process died before it kicked them, and end those whose workflow ended without them."""
        engine, now = self._engine, datetime.now(UTC)
        found = await engine.database.read(jobs.unfinished, now - UNKICKED, AT_ONCE)
        kinds = {kind for kind, handler in HANDLERS.items() if handler.at_once}
        for job_id in [job_id for job_id, kind in found if kind in kinds and job_id not in engine.running]:
            await engine.in_thread(engine.durable.enqueue, job_id)
        old = await engine.database.read(jobs.unfinished, now - LOST, AT_ONCE)
        if old:
            for job_id in await engine.in_thread(engine.durable.ended, [job_id for job_id, _ in old]):
                await engine.database.write(_give_up, job_id)

    async def _take_over(self) -> None:
        while True:
            await self._engine.database.write(self._bury_and_resume)
            await asyncio.sleep(LOOK_S)

    def _bury_and_resume(self, connection: Connection) -> None:
        # whoever was declared dead by a service that died itself is found too: by not being on the list
        if not services.lock_takeover(connection):
            return
        services.bury(connection, timedelta(seconds=DEAD_S))
        self._resume(services.living(connection))

    def _resume(self, living: set[str]) -> None:
        left = [entry.job_id for entry in self._engine.durable.pending() if entry.executor_id not in living]
        self._engine.durable.resume(left)


def _give_up(connection: Connection, job_id: str) -> None:
    stored = jobs.load(connection, job_id)
    if stored is not None:
        error = Internal("The job engine gave this job up; its log says why. Ask again.")
        finish(connection, stored, Ending(state=JobState.FAILED, error=to_record(error)), datetime.now(UTC))
