"""The open database: short transactions in worker threads, the same on SQLite and PostgreSQL.

A transaction is a plain function over a connection: inside it nothing can be awaited, and no cloud or machine asked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from mistserver.store import notices

P = ParamSpec("P")
R = TypeVar("R")

READERS = 4


class Database:
    """One per service. `url` is `sqlite:////path/mist.db` or `postgresql+psycopg://...`."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self.listeners: list[Callable[[str], None]] = []  # called in a worker thread, after the commit, with each topic
        self._writer = threading.Lock() if self.is_sqlite else None
        self._write_threads = ThreadPoolExecutor(1 if self.is_sqlite else READERS, "db-write")
        self._read_threads = ThreadPoolExecutor(READERS, "db-read")

    async def read(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, ...)` in a read-only view of one moment."""
        call = partial(self.read_now, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, call)

    async def write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work(connection, ...)` in one transaction: all of it is kept, durably, or nothing."""
        call = partial(self.write_now, work, *args, **kwargs)
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._write_threads, call))

    def read_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read` for a thread that is not the event loop's."""
        with self.engine.connect() as connection:
            connection.info["write"] = False
            with connection.begin():
                return work(connection, *args, **kwargs)

    def write_now(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`write` for a thread that is not the event loop's."""
        if self._writer is None:
            return self._write(work, *args, **kwargs)
        with self._writer:
            return self._write(work, *args, **kwargs)

    def _write(self, work: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        with self.engine.connect() as connection:
            connection.info["write"] = True
            notices.take(connection)
            with connection.begin():
                result = work(connection, *args, **kwargs)
            topics = notices.take(connection)
        for topic in topics:
            for listener in self.listeners:
                listener(topic)
        return result

    def close(self) -> None:
        self._write_threads.shutdown()
        self._read_threads.shutdown()
        self.engine.dispose()


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=READERS + 2)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a writer takes the lock at once: one that starts as a reader can lose to another and fail
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("write", True) else "BEGIN")

    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"), pool_size=READERS * 2, pool_pre_ping=True, pool_timeout=30
    )
