"""A job as its handler sees it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.errors import Internal, MistError
from mistserver.domain.job import JobItem, JobState, JobStep
from mistserver.jobs.stops import Draining, JobCancelled
from mistserver.jobs.writer import Writer
from mistserver.store import job_items, job_steps
from mistserver.store.database import Database
from mistserver.store.jobs import StoredJob

log = logging.getLogger(__name__)

DETAIL = 500


class Machinery(Protocol):
    """What a running job needs of the engine."""

    database: Database
    draining: bool

    def fence(self) -> None: ...
    def secret_of(self, stored: StoredJob) -> dict[str, Any]: ...
    async def durable_step(self, name: str, body: Callable[[], Any]) -> Any: ...


class RunningJob:
    """Handed to a handler. `cancelled` is set when the user asks for the end; `pause` and `step` notice it too.

    A handler that takes longer than two seconds to notice has its task cancelled.
    """

    def __init__(self, machinery: Machinery, stored: StoredJob) -> None:
        self._machinery = machinery
        self._stored = stored
        self._writer = Writer(machinery.database, stored.job.id)
        self._stop = asyncio.Event()
        self.job = stored.job
        self.id = stored.job.id
        self.account_id = stored.account_id
        self.cancelled = asyncio.Event()
        self.in_thread = 0  # synchronous steps under way; a drain waits for them

    @property
    def actor(self) -> Actor:
        """Who asked for the job, for events and for operations that it calls."""
        return Actor(
            account_id=self._stored.account_id,
            user_id=self._stored.user_id,
            email=self.job.created_by,
            role=Role.OPERATOR,
            scope=Scope.OPERATE,
            request_id=self._stored.request_id or "",
        )

    def secret(self) -> dict[str, Any]:
        """What was handed in as secret, or {}."""
        return self._machinery.secret_of(self._stored)

    async def step(self, name: str, work: Callable[..., Any], *args: Any) -> Any:
        """Do `work(*args)` as a step and return its result as plain JSON values; after a crash, what it returned then.

        A step that was cut off by a crash is done again: look before you act, or carry a mark. A plain function runs
        in a worker thread, a coroutine function on the event loop. An error that is not a MistError becomes Internal.
        """
        self.check()
        now = datetime.now(UTC)
        await self._machinery.database.write(job_steps.begin, self.id, name, now)
        body = self._async_body(work, args) if inspect.iscoroutinefunction(work) else self._sync_body(work, args)
        try:
            result = await self._machinery.durable_step(name, body)
        except Exception as error:
            await self._end(name, JobState.FAILED, str(error)[:DETAIL])
            raise
        await self._end(name, JobState.SUCCEEDED, "")
        return result

    async def progress(self, done: int, failed: int) -> None:
        """How many items have ended, and how many of those badly."""
        await self._writer.progress(done, failed)

    async def item(self, item: JobItem) -> None:
        """Write the state of one machine, batched with others. Its end is final."""
        await self._writer.item(item)

    async def items(self) -> list[JobItem]:
        """All items as they stand, without outputs: what a resumed handler need not do again."""
        query = job_items.ItemQuery(limit=1_000_000)
        return [item for _, item in await self._machinery.database.read(job_items.page, self.id, query)]

    async def output(self, machine_id: str, name: str, stream: str, text: str) -> None:
        """Keep a piece of what a machine said (`stream`: stdout or stderr), batched. The caller caps the whole."""
        await self._writer.output(machine_id, stream, text)

    async def flush(self) -> None:
        """Return when all items and outputs so far are written."""
        await self._writer.flush()

    async def pause(self, seconds: float) -> None:
        """Sleep, but end the handler at once when the job is cancelled or the service stops."""
        self.check()
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
        self.check()

    def check(self) -> None:
        """Raise when the job is cancelled or the service stops. Handlers let it pass."""
        if self._machinery.draining:
            raise Draining
        if self.cancelled.is_set():
            raise JobCancelled

    def wake(self, *, cancel: bool) -> None:
        """The engine's side: notice a cancel or a drain now."""
        if cancel:
            self.cancelled.set()
        self._stop.set()

    async def close(self) -> None:
        """The engine's side: write what is left."""
        await self._writer.close()

    async def _end(self, name: str, state: JobState, detail: str) -> None:
        step = JobStep(seq=0, name=name, state=state, finished_at=datetime.now(UTC), detail=detail)
        await self._machinery.database.write(job_steps.end, self.id, step)

    def _sync_body(self, work: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], Any]:
        def body() -> Any:
            self.in_thread += 1
            try:
                self._machinery.fence()
                with _ours():
                    return _plain(work(*args))
            finally:
                self.in_thread -= 1

        return body

    def _async_body(self, work: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Callable[[], Awaitable[Any]]:
        async def body() -> Any:
            self._machinery.fence()
            with _ours():
                return _plain(await work(*args))

        return body


def _plain(result: Any) -> Any:
    # the first run and a replay give the same: what JSON gives back
    return msgspec.json.decode(msgspec.json.encode(result))


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except MistError:
        raise
    except Exception as error:
        raise unexpected(error) from None


def unexpected(error: Exception) -> Internal:
    """An error that is not ours, logged by where it happened: its text may hold a secret."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("a job failed with %s at\n%s", type(error).__name__, places)
    name = type(error).__name__
    return Internal(f"The service failed with {name}; its log says where.", type=name)
