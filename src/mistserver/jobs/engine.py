"""The job engine as the rest of Mist sees it: submit, kick, cancel, secrets, loops, start and drain."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Unavailable
from mistserver.domain.job import Job
from mistserver.jobs.cancel import CancelWatch
from mistserver.jobs.durable import Durable, restore_default_executor
from mistserver.jobs.fence import Heart, end_process
from mistserver.jobs.loops import Loops, LoopWork
from mistserver.jobs.new import JobsConfig, NewJob, store
from mistserver.jobs.recovery import Recovery
from mistserver.jobs.registry import HANDLERS, handler
from mistserver.jobs.retention import Retention
from mistserver.jobs.running import RunningJob
from mistserver.jobs.signals import Signals
from mistserver.jobs.work import work_on
from mistserver.store.database import Database
from mistserver.store.jobs import StoredJob
from mistserver.store.listen import Listener

__all__ = ["Jobs", "JobsConfig", "NewJob", "RunningJob", "Sealer", "handler"]

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)

MARGIN_S = 3.0  # of the drain, kept for taking the engine down


class Sealer(Protocol):
    """The part of the vault that jobs need."""

    def seal(self, data: bytes, purpose: str) -> bytes: ...
    def unseal(self, blob: bytes, purpose: str) -> bytes: ...


class Jobs:
    """One per service. Between `start` and `drain` it works on jobs; `ready` says so."""

    def __init__(
        self,
        database: Database,
        vault: Sealer,
        config: JobsConfig | None = None,
        on_fenced: Callable[[], None] = end_process,
    ) -> None:
        self.database = database
        self.config = config or JobsConfig()
        self.signals = Signals()
        self.ready = False
        self.draining = False
        self.context: Any = None
        self.running: dict[str, RunningJob] = {}
        self.tasks: dict[str, asyncio.Task[Any]] = {}
        self.heart = Heart(database, self.config.executor_id, on_fenced)
        self.durable = Durable(database, self.config.executor_id, self.config.concurrency)
        self._vault = vault
        self._threads = ThreadPoolExecutor(4, "jobs")
        self._kickable: set[str] = set()
        self._loops = Loops(self)
        self._recovery = Recovery(self)
        self._cancels = CancelWatch(self)
        self._listener: Listener | None = None
        self._loops.add("retention", 3600.0, Retention(self).run)
        self._loops.add("lost jobs", 2.0, self._recovery.sweep)

    def bind(self, context: Any) -> None:
        """Hand over what handlers get as their first argument; before `start`."""
        self.context = context

    async def start(self) -> None:
        """Take up work, first what a process before this one left. Call it on the event loop that serves requests."""
        self.signals.bind()
        await self.in_thread(self.durable.load)
        self.database.listeners.append(self.signals.changed)
        if not self.database.is_sqlite:
            self._listener = Listener(self.database.url, self._heard)
            self._listener.start()
        await self.in_thread(self.heart.start)
        self.durable.start(self._work)
        await self.in_thread(self.durable.open_queue)
        self._cancels.start()
        await self._recovery.start()
        self._loops.start()
        self.ready = True

    async def drain(self) -> None:
        """Come to rest: jobs under way stay resumable, calls under way are waited for, within `drain_s`."""
        if self.draining:
            return
        self.draining, self.ready = True, False
        self.signals.close()
        for job in list(self.running.values()):
            job.wake(cancel=False)
        await self._loops.stop()
        await self._recovery.stop()
        await self._rest(self.config.drain_s - MARGIN_S)
        await self._cancels.stop()
        await _in_thread(self.durable.stop)
        restore_default_executor()
        if self._listener is not None:
            await _in_thread(self._listener.stop)
        await _in_thread(self.heart.stop)
        self._threads.shutdown(wait=False)
        if self.signals.changed in self.database.listeners:
            self.database.listeners.remove(self.signals.changed)

    def submit(self, connection: Connection, new: NewJob) -> Job:
        """Write a queued job with the caller's transaction; Conflict when another one has the same `dedup`.

        It starts by itself soon after the commit; a kind that is `at_once` starts with `kick`.
        """
        if self.draining:
            raise Unavailable("The service is stopping; ask again when it runs.")
        job_id, sealed = new.id, None
        if new.secret:
            sealed = self._vault.seal(msgspec.json.encode(new.secret), f"job:{job_id}")
        job = store(connection, new, sealed)
        kind = HANDLERS.get(new.kind)
        if kind is not None and kind.at_once:
            self._kickable.add(job_id)
        else:
            self.durable.enqueue_in(connection, job_id)
        return job

    async def kick(self, job_id: str) -> None:
        """Start a job of an `at_once` kind now, after the commit. Others start by themselves: nothing happens."""
        if job_id in self._kickable and not self.draining:
            self._kickable.discard(job_id)
            await self.durable.start_now(job_id)

    def loop(self, name: str, every_s: float, work: LoopWork) -> None:
        """Call `work()` again and again, in one service at a time. An error is logged, and the next turn comes."""
        self._loops.add(name, every_s, work)

    def has_loop(self, connection: Connection, name: str) -> bool:
        """Whether this service is the one that does it, surely until the transaction ends; for what it writes."""
        return self._loops.take(connection, name)

    def secret_of(self, stored: StoredJob) -> dict[str, Any]:
        """The secret half that a job was submitted with, {} without one."""
        if stored.secret is None:
            return {}
        secret: dict[str, Any] = msgspec.json.decode(self._vault.unseal(stored.secret, f"job:{stored.job.id}"))
        return secret

    def fence(self) -> None:
        """Raise, and end the process, unless this service is surely alive for the others."""
        self.heart.check()

    async def durable_step(self, name: str, body: Callable[[], Any]) -> Any:
        return await self.durable.step(name, body)

    async def _work(self, job_id: str) -> None:
        await work_on(self, job_id)

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run blocking work of the engine in a pool of its own."""
        call = partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _heard(self, topic: str | None) -> None:
        self.signals.live = self._listener is not None and self._listener.live
        self.signals.changed(topic)

    async def _rest(self, seconds: float) -> None:
        """Let synchronous steps finish and be kept, then end every workflow's task."""
        end = asyncio.get_running_loop().time() + seconds
        while tasks := list(self.tasks.items()):
            late = asyncio.get_running_loop().time() > end
            for job_id, task in tasks:
                if late or not self.running[job_id].in_thread:
                    task.cancel()
            await asyncio.wait([task for _, task in tasks], timeout=0.05)
            if late:
                return


async def _in_thread(work: Callable[[], None]) -> None:
    """Run blocking work on a plain thread: the loop's own pool is being taken down."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("stopping the job engine failed")
        finally:
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="jobs-stop").start()
    await done.wait()
