"""Writes a job's items and outputs in batches, each about a tenth of a second after its first piece."""

from __future__ import annotations

import asyncio

from sqlalchemy.engine import Connection

from mistserver.domain.job import JobItem
from mistserver.store import job_items, job_output, jobs
from mistserver.store.database import Database
from mistserver.store.job_output import Piece

BATCH_S = 0.1
FULL = 1024 * 1024  # characters that may wait before the caller has to
LONGEST = 32 * 1024


class Writer:
    """Belongs to one running job. An error of the database reaches the next caller."""

    def __init__(self, database: Database, job_id: str) -> None:
        self._database = database
        self._job_id = job_id
        self._items: dict[str, JobItem] = {}
        self._pieces: list[Piece] = []
        self._waiting = 0
        self._progress: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def output(self, machine_id: str, stream: str, text: str) -> None:
        # PostgreSQL keeps no NUL in text, and neither keeps half a surrogate pair
        clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        last = self._pieces[-1] if self._pieces else None
        if last and last[:2] == (machine_id, stream) and len(last.data) + len(clean) <= LONGEST:
            self._pieces[-1] = last._replace(data=last.data + clean)
        else:
            starts = range(0, len(clean), LONGEST)
            self._pieces.extend(Piece(machine_id, stream, clean[start : start + LONGEST]) for start in starts)
        self._waiting += len(clean)
        await self._soon()

    async def item(self, item: JobItem) -> None:
        self._items[item.machine_id] = item
        await self._soon()

    async def progress(self, done: int, failed: int) -> None:
        self._progress = (done, failed)
        await self._soon()

    async def flush(self) -> None:
        """Return when everything handed in before is written."""
        async with self._writing:
            pieces, items, progress = self._pieces, list(self._items.values()), self._progress
            self._pieces, self._items, self._progress, self._waiting = [], {}, None, 0
            if pieces or items or progress:
                await self._database.write(_write, self._job_id, pieces, items, progress)

    async def close(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.flush()

    async def _soon(self) -> None:
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()
        if self._waiting >= FULL:
            await self.flush()
        elif self._task is None:
            self._task = asyncio.create_task(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(BATCH_S)
        await self.flush()


def _write(
    connection: Connection, job_id: str, pieces: list[Piece], items: list[JobItem], progress: tuple[int, int] | None
) -> None:
    job_output.append(connection, job_id, pieces)
    job_items.save(connection, job_id, items)
    if progress is not None:
        jobs.progress(connection, job_id, *progress)
