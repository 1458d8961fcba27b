"""How a database is opened, and what its driver's errors mean to whoever waits for an answer."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import InvalidInput, Unavailable

POOL = 6
# FULL: a change that was answered survives a power cut; temporary tables never reach a folder that others can read
_PRAGMAS = (
    "busy_timeout=30000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "journal_size_limit=67108864",
)
_BUSY_S = 30
_SQLITE_SAYS = {
    sqlite3.SQLITE_FULL: "The disk of the database is full; free some space and try again.",
    sqlite3.SQLITE_BUSY: "The database is busy; try again in a moment.",
    sqlite3.SQLITE_LOCKED: "The database is busy; try again in a moment.",
    sqlite3.SQLITE_READONLY: "The database file cannot be written; look at its owner and mode.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened; look at its folder, owner and mode.",
    sqlite3.SQLITE_IOERR: "The disk of the database failed to read or write; look at the system's log.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged; restore a backup.",
    sqlite3.SQLITE_NOTADB: "The database file is damaged or is something else; restore a backup.",
    sqlite3.SQLITE_INTERRUPT: "The service is stopping.",
}
_POSTGRESQL_SAYS = {
    "53": "The database server is out of disk, memory or connections; try again later.",
    "08": "The database server cannot be reached; try again in a moment.",
    "28": "The database server does not accept the user and password of database_url.",
    "3D": "The database server knows no database of that name; create it, or change database_url.",
    "40": "The database was busy with a conflicting change; try again.",
    "55": "The database is busy; try again in a moment.",
    "57": "The database server is stopping or starting; try again in a moment.",
}
DEADLOCK = ("40P01", "40001")


def sqlite_engine(url: sa.URL) -> sa.Engine:
    """SQLite in a file that only its owner can read. Errors never show the values that were to be stored."""
    if url.database and url.database != ":memory:":
        _prepare_file(Path(url.database))
    engine = sa.create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": _BUSY_S},
        pool_size=POOL,
        max_overflow=POOL,
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            _set(connection, pragma)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a writer takes the lock at once: one that starts as a reader can lose to another and fail
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("write", True) else "BEGIN")

    return engine


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    """Where two connections make a new file's journal at once, one is refused at once, whatever its time-out."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """PostgreSQL through psycopg; a connection that the server closed is replaced when it is next used."""
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL + 2,
        pool_pre_ping=True,
        pool_timeout=30,
        hide_parameters=True,
    )


@contextmanager
def errors_explained() -> Iterator[None]:
    """Turn what a driver raises for a full disk, a lost server and the like into Unavailable."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        message = _explain(error)
        if isinstance(error, sa.exc.DataError) and "NUL" in str(error.orig):
            raise InvalidInput("A NUL character cannot be part of a text here; leave it out.") from None
        if message is None:
            raise
        raise Unavailable(message) from error
    except sa.exc.TimeoutError as error:
        raise Unavailable("The database is busy: every connection to it is in use; try again in a moment.") from error


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error, or nothing."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def interrupt(connection: Any) -> None:
    """End the statement that a driver's connection is busy with; from another thread."""
    if isinstance(connection, sqlite3.Connection):
        connection.interrupt()
    else:
        connection.cancel_safe(timeout=2)


def _explain(error: sa.exc.DBAPIError) -> str | None:
    if isinstance(error.orig, sqlite3.Error):
        return _SQLITE_SAYS.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError | sa.exc.ProgrammingError):
        return _POSTGRESQL_SAYS["3D"] if sqlstate(error) == "3D000" else None
    code = sqlstate(error)
    if not code:  # psycopg has no code where no server answered
        return _POSTGRESQL_SAYS["08"] if isinstance(error, sa.exc.OperationalError) else None
    return _POSTGRESQL_SAYS.get(code[:2])


def _prepare_file(path: Path) -> None:
    """Create it, or narrow its mode; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise Unavailable(f"The database {path} cannot be opened: {error.strerror}.") from None
