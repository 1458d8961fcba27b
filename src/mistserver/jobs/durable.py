"""The only file that talks to DBOS: its set-up, and the few of its calls that the engine uses."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.engine import Connection

from mistserver.domain.errors import Unavailable
from mistserver.store.database import Database

if TYPE_CHECKING:
    from dbos import DBOSClient

QUEUE = "jobs"
WORKFLOW = "job"
VERSION = "1"  # pinned: with another one, workflows that wait would wait for ever
POLL_S = 0.2
LISTEN_S = 1.0
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

Work = Callable[[str], Awaitable[None]]


class Pending(NamedTuple):
    """A workflow that some process has begun."""

    job_id: str
    executor_id: str


class Durable:
    """One per process. Its tables stand in the product's database, beside ours."""

    def __init__(self, database: Database, executor_id: str, concurrency: int) -> None:
        self._database = database
        self._executor_id = executor_id
        self._concurrency = concurrency
        self._client: DBOSClient | None = None
        self._workflow: Any = None

    def load(self) -> None:
        """Import the engine (about 0.2 s, blocking)."""
        from mistserver.jobs.serializer import refuse_pickle

        refuse_pickle()

    def start(self, work: Work) -> None:
        """Begin to work on the queue, on the running event loop. `work(job_id)` is the one workflow."""
        from dbos import DBOS, DBOSClient

        from mistserver.jobs.serializer import JsonSerializer

        self.load()
        _quiet()
        for name in [name for name in os.environ if name.startswith("DBOS__")]:
            del os.environ[name]
        url = _url(self._database)
        DBOS(
            config={
                "name": "mist",
                "system_database_url": url,
                "executor_id": self._executor_id,
                "application_version": VERSION,
                "serializer": JsonSerializer(),
                "enable_otlp": False,
                "log_level": "WARNING",
                "max_executor_threads": self._concurrency + 32,
                "notification_listener_polling_interval_sec": LISTEN_S,
            }
        )

        async def job(job_id: str) -> None:
            await work(job_id)

        self._workflow = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(job)
        DBOS.launch()
        self._client = DBOSClient(system_database_url=url, serializer=JsonSerializer(), application_name="mist")

    def open_queue(self) -> None:
        """Write down the queue that `start` listens to (blocking)."""
        self.client.register_queue(QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=POLL_S)

    @property
    def client(self) -> DBOSClient:
        if self._client is None:
            raise Unavailable("The service is starting or stopping; ask again in a moment.")
        return self._client

    def enqueue_in(self, connection: Connection, job_id: str) -> None:
        """Queue a job with the caller's transaction."""
        options: Any = {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": job_id, "app_version": VERSION}
        self.client.enqueue_in_transaction(connection, options, job_id)

    def enqueue(self, job_id: str) -> None:
        """Queue a job unless it is known already (blocking, in no transaction)."""
        options: Any = {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": job_id, "app_version": VERSION}
        self.client.enqueue(options, job_id)

    async def start_now(self, job_id: str) -> None:
        """Start a job in this process, past the queue, unless it is known already."""
        from dbos import DBOS, SetWorkflowID

        async def start() -> None:
            with SetWorkflowID(job_id):
                await DBOS.start_workflow_async(self._workflow, job_id)

        # a context of its own: a job that starts another is not its parent
        await asyncio.get_running_loop().create_task(start(), context=contextvars.Context())

    async def step(self, name: str, body: Callable[[], Any]) -> Any:
        """Run `body` as a step of the workflow around, or answer with what it returned before a crash."""
        from dbos import DBOS

        return await DBOS.run_step_async({"name": name}, body)

    def pending(self) -> list[Pending]:
        """All workflows that processes have begun and not ended (blocking)."""
        found = self.client.list_workflows(status="PENDING", name=WORKFLOW, load_input=False, load_output=False)
        return [Pending(status.workflow_id, status.executor_id or "") for status in found]

    def resume(self, job_ids: Sequence[str]) -> None:
        """Put workflows back into the queue, whoever had begun them (blocking)."""
        if job_ids:
            self.client.resume_workflows(list(job_ids), queue_name=QUEUE)

    def ended(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the given jobs whose workflow has ended (blocking)."""
        return {job_id for job_id, status in self.known(job_ids).items() if status in ENDED}

    def known(self, job_ids: Sequence[str]) -> dict[str, str]:
        """The states of the workflows of the given jobs, of those that have one (blocking)."""
        found = self.client.list_workflows(workflow_ids=list(job_ids), load_input=False, load_output=False)
        return {status.workflow_id: status.status for status in found}

    def trim(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` workflows that ended before a time (blocking); how many went."""
        old = self.client.list_workflows(
            status=list(ENDED), completed_before=before.isoformat(), limit=limit, load_input=False, load_output=False
        )
        if old:
            self.client.delete_workflows([status.workflow_id for status in old])
        return len(old)

    def stop(self) -> None:
        """End the engine's threads (blocking, about a second, on a thread that is not the event loop's)."""
        from dbos import DBOS

        client, self._client = self._client, None
        DBOS.destroy(destroy_registry=True)
        if client is not None:
            client.destroy()


def restore_default_executor() -> None:
    """Give the event loop a thread pool again: the engine put its own there, and took it down."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="loop"))


def _url(database: Database) -> str:
    url = database.url if database.is_sqlite else database.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _quiet() -> None:
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())  # else it would write to the terminal by itself
    logging.getLogger("alembic").setLevel(logging.WARNING)
