"""The open database: short transactions in worker threads, the same on SQLite and PostgreSQL.

A transaction is a plain function over a connection: inside it nothing can be awaited, and no cloud or machine asked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from mistserver.store import notices
from mistserver.store.engines import DEADLOCK, errors_explained, interrupt, postgresql_engine, sqlite_engine, sqlstate

P = ParamSpec("P")
R = TypeVar("R")

READERS = 4
DEADLOCK_TRIES = 3


class Database:
    """One per service. `url` is `sqlite:////path/mist.db` or `postgresql+psycopg://...`.

    What goes wrong with the database itself (disk full, no server, file damaged) is Unavailable, with a sentence.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = sqlite_engine(self.url) if self.is_sqlite else postgresql_engine(self.url)
        self._reading = self.engine if self.is_sqlite else _view_of_one_moment(self.engine)
        self.listeners: list[Callable[[str], None]] = []  # called in a worker thread, after the commit, with each topic
        self._writer = threading.Lock() if self.is_sqlite else None
        self._write_threads = ThreadPoolExecutor(1 if self.is_sqlite else READERS, "db-write")
        self._read_threads = ThreadPoolExecutor(READERS, "db-read")
        self._in_use: set[Connection] = set()
        self._changed = threading.Condition()

    async def read(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, ...)` in a read-only view of one moment."""
        call = partial(self.read_now, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, call)

    async def write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, ...)` in one transaction: all of it is kept, durably, or nothing.

        PostgreSQL may end it for a deadlock with another one; it is then run again from its beginning.
        """
        call = partial(self.write_now, work, *args, **kwargs)
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._write_threads, call))

    def read_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read` for a thread that is not the event loop's."""
        with errors_explained(), self._reading.connect() as connection:
            connection.info["write"] = False
            with self._used(connection), connection.begin():
                return work(connection, *args, **kwargs)

    def write_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`write` for a thread that is not the event loop's."""
        with errors_explained():
            if self._writer is not None:
                with self._writer:
                    return self._write(work, *args, **kwargs)
            for _ in range(DEADLOCK_TRIES - 1):
                try:
                    return self._write(work, *args, **kwargs)
                except sa.exc.OperationalError as error:
                    if sqlstate(error) not in DEADLOCK:
                        raise
            return self._write(work, *args, **kwargs)

    def close(self, patience_s: float = 5.0) -> None:
        """End it: what is under way has `patience_s` to finish, is then interrupted, and is at last left alone."""
        for threads in (self._write_threads, self._read_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            if not self._changed.wait_for(self._is_quiet, patience_s):
                for connection in self._in_use:
                    with suppress(Exception):  # it may have finished by itself a moment ago
                        interrupt(connection.connection.driver_connection)
                self._changed.wait_for(self._is_quiet, patience_s)
        self.engine.dispose()

    def _write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self.engine.connect() as connection:
            connection.info["write"] = True
            notices.take(connection)
            with self._used(connection), connection.begin():
                result = work(connection, *args, **kwargs)
            topics = notices.take(connection)
        for topic in topics:
            for listener in self.listeners:
                listener(topic)
        return result

    @contextmanager
    def _used(self, connection: Connection) -> Iterator[None]:
        with self._changed:
            self._in_use.add(connection)
        try:
            yield
        finally:
            with self._changed:
                self._in_use.discard(connection)
                self._changed.notify_all()

    def _is_quiet(self) -> bool:
        return not self._in_use


def _view_of_one_moment(engine: sa.Engine) -> sa.Engine:
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)
