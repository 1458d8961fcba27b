"""Brings a database to this version's tables. Alembic is loaded only when there is something to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict
from mistserver.store.database import Database
from mistserver.store.engines import errors_explained

HEAD = "0007"
FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x6D697374  # "mist": the advisory lock of one migration at a time
_one_thread = threading.Lock()
_REVISION = sa.table("alembic_version", sa.column("version_num", sa.String))


def revision(connection: Connection) -> str | None:
    """The revision of the database's tables, or None when there are none yet."""
    if not sa.inspect(connection).has_table(_REVISION.name):
        return None
    return connection.execute(sa.select(_REVISION.c.version_num)).scalar_one_or_none()


def upgrade(database: Database) -> bool:
    """Create or change the tables where they are not of this version; says whether anything was done.

    Safe to be killed (nothing or all of a migration is kept) and to be called by several services at once.
    A database of a newer Mist is a Conflict: nothing is changed.
    """
    if database.read_now(revision) == HEAD:
        return False
    with _alone(database):
        found = database.read_now(revision)
        if found == HEAD:
            return False
        _run_alembic(database, found)
    return True


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Hold what keeps other services from migrating; outside a transaction, since index builds wait for open ones."""
    with _one_thread:  # Alembic keeps its context in globals
        if database.is_sqlite:
            yield  # BEGIN IMMEDIATE already lets only one process in
            return
        with _lock_on_server(database):
            yield


@contextmanager
def _lock_on_server(database: Database) -> Iterator[None]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))


def _run_alembic(database: Database, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if found is not None and found not in known:
        raise Conflict(
            f"The database was written by a newer Mist (its tables are revision {found}, this version knows {HEAD}). "
            "Install that version again, or restore a backup made by this one.",
            found=found,
            known=HEAD,
        )
    with errors_explained(), database.engine.connect() as connection:
        connection.info["write"] = True
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
