"""Fixtures that every level of the tests shares."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistserver.store import migrate
from mistserver.store.database import Database
from tests.lab.postgres import Postgres, missing

pytest_plugins = ["tests.lab.fixtures"]
TEMPLATE = "mist_template"
SLOW_TO_START = {"libvirt_hypervisor": "libvirt", "real_openstack": "openstack"}  # fixture -> rig


@pytest.hookimpl(tryfirst=True)  # before the plugin that spreads the tests reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stays together when tests are spread over processes: a file, a provider, whatever uses a slow system."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    rig = getattr(item, "callspec", None) and item.callspec.params.get("rig")  # type: ignore[attr-defined]
    slow = next((name for name, id in SLOW_TO_START.items() if name in fixtures or id == rig), None)
    if slow is not None:
        return slow
    if "acceptance" in item.path.parts:
        return "acceptance"
    if item.path.name == "test_exec.py" or rig == "lxd" or "lxd_server" in fixtures:
        return "commands"  # each looks for its processes among all of this machine
    return f"provider {rig}" if rig else item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL server; the tests that need it are skipped, with the reason, where there is none."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    # not under pytest's own folder, which a server that runs as another user cannot enter
    folder = Path(tempfile.mkdtemp(prefix="mist-postgres-"))
    server = None
    try:
        server = Postgres(folder)
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        _create_tables(server.url(TEMPLATE))
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with all tables."""
    path = tmp_path / "mist.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with all tables."""
    url = postgres.new_database(TEMPLATE)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with all tables, of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, open database with all tables, of each kind in turn."""
    opened = Database(database_url)
    yield opened
    opened.close()


def _create_tables(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()
