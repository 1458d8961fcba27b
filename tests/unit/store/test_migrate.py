"""Migrations: from nothing to this version, once, by one service, and never from the future."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mistserver.domain.errors import Conflict
from mistserver.store import migrate
from mistserver.store.database import Database
from mistserver.store.tables import metadata
from tests.lab.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


def test_the_migrations_make_the_tables_that_the_code_knows(bare_url: str) -> None:
    database = Database(bare_url)

    assert migrate.upgrade(database)

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = shape(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == shape(connection)
        connection.rollback()
    assert database.read_now(migrate.revision) == migrate.HEAD
    database.close()


def shape(connection: sa.Connection) -> dict[str, object]:
    """Everything that the database says of our tables."""
    seen = sa.inspect(connection)
    found: dict[str, object] = {}
    for table in metadata.tables:
        columns = [{**column, "type": column["type"].compile(connection.dialect)} for column in seen.get_columns(table)]
        several = (seen.get_unique_constraints(table), seen.get_indexes(table), seen.get_foreign_keys(table))
        found[table] = (columns, seen.get_pk_constraint(table), *(sorted(map(str, part)) for part in several))
    if connection.dialect.name == "sqlite":
        made = connection.execute(sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        found["counting"] = sorted(made.scalars())
    return found


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))

    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_a_current_database_is_left_alone(database: Database) -> None:
    assert not migrate.upgrade(database)


def test_services_that_start_at_once_migrate_once(bare_url: str) -> None:
    databases = [Database(bare_url) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(migrate.upgrade, databases))

    assert sum(done) == 1
    for database in databases:
        database.close()


def test_a_database_of_a_newer_mist_is_refused_and_not_changed(database: Database) -> None:
    database.write_now(
        lambda connection: connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")).rowcount
    )

    with pytest.raises(Conflict, match="newer Mist"):
        migrate.upgrade(database)

    assert database.read_now(migrate.revision) == "9999"


def test_a_migration_that_fails_leaves_nothing(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(bare_url)
    create_table = op.create_table

    def fail(name: str, *columns: Any, **options: Any) -> None:
        create_table(name, *columns, **options)
        if name == "metrics":
            raise RuntimeError("power cut")

    monkeypatch.setattr(op, "create_table", fail)
    with pytest.raises(RuntimeError):
        migrate.upgrade(database)
    monkeypatch.undo()

    with database.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    assert migrate.upgrade(database)
    database.close()


def test_alembic_is_loaded_only_when_there_is_something_to_do(sqlite_url: str) -> None:
    program = (
        "import sys; from mistserver.store import migrate; from mistserver.store.database import Database; "
        f"migrate.upgrade(Database({sqlite_url!r})); sys.exit('alembic' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
