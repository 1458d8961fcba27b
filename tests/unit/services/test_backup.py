"""Backups: whole, consistent, for any database, and restored into an empty one only."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from mistserver.domain.errors import AlreadyExists, Conflict, Unavailable
from mistserver.services import backup
from mistserver.store import dump, events, meta, tables
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys
from mistserver.store.secrets import Vault
from tests.lab.postgres import Postgres
from tests.support.rows import NOW, content, fill

UNDER_WAY = ("jobs-0", "jobs-1")


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """Another empty database, of each kind in turn."""
    if request.param == "sqlite":
        path = tmp_path / "target.db"
        path.write_bytes(sqlite_template.read_bytes())
        database = Database(f"sqlite:///{path}")
        yield database
        database.close()
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database("mist_template")
    database = Database(url)
    yield database
    database.close()
    server.drop_database(url)


def make_vault(database: Database) -> Vault:
    return Vault.open(MasterKeys((MasterKey.of(secrets.token_bytes(32)),), "a test"), database)


def test_what_was_backed_up_is_restored_on_either_database(
    database: Database, target: Database, tmp_path: Path
) -> None:
    file = tmp_path / "backup.mist"
    vault = make_vault(database)
    count = database.write_now(fill)
    before = database.read_now(content)

    made = backup.backup(database, file)
    restored = backup.restore(file, target)

    assert file.stat().st_mode & 0o777 == 0o600
    assert made.rows == restored.rows == count + 2
    assert made.key_id == restored.key_id == vault.key_id
    assert "master.key" in restored.key_note
    after = target.read_now(content)
    assert {name: rows for name, rows in after.items() if not name.startswith("job")} == {
        name: rows for name, rows in before.items() if not name.startswith("job")
    }


def test_a_job_that_was_under_way_has_failed_after_the_restore(
    database: Database, target: Database, tmp_path: Path
) -> None:
    database.write_now(fill)
    backup.backup(database, tmp_path / "b")

    restored = backup.restore(tmp_path / "b", target)

    assert restored.failed_jobs == len(UNDER_WAY)
    query = sa.select(tables.jobs.c.id, tables.jobs.c.state, tables.jobs.c.error, tables.jobs.c.dedup)
    jobs = {row.id: row for row in target.read_now(lambda connection: connection.execute(query).all())}
    assert sorted(row.state for row in jobs.values()) == ["cancelled", "failed", "failed", "failed", "succeeded"]
    for job_id in UNDER_WAY:
        assert jobs[job_id].error["code"] == "job_failed"
        assert "backup" in jobs[job_id].error["message"]
        assert jobs[job_id].dedup is None
    states = [sa.select(table.c.state) for table in (tables.job_steps, tables.job_items)]
    left = target.read_now(lambda connection: [connection.execute(query).scalars().all() for query in states])
    assert all(not {"queued", "running"} & set(found) for found in left)


def test_counting_goes_on_after_the_highest_number(database: Database, target: Database, tmp_path: Path) -> None:
    database.write_now(fill)
    backup.backup(database, tmp_path / "b")
    backup.restore(tmp_path / "b", target)

    last = target.read_now(events.last_seq, "accounts-0")
    new = target.write_now(events.record, None, "user.signed_in", account_id="accounts-0", at=NOW)

    assert new > last > 0


def test_output_with_a_nul_can_move_to_postgresql(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    source, target = Database(sqlite_url), Database(postgres_url)
    source.write_now(fill)
    source.write_now(lambda connection: connection.execute(sa.update(tables.job_output).values(data="a\x00b")).rowcount)
    backup.backup(source, tmp_path / "b")

    backup.restore(tmp_path / "b", target)

    query = sa.select(tables.job_output.c.data).distinct()
    assert target.read_now(lambda connection: connection.execute(query).scalars().all()) == ["a\ufffdb"]
    source.close()
    target.close()


def test_no_secret_is_readable_in_the_file(database: Database, tmp_path: Path) -> None:
    vault, canary = make_vault(database), secrets.token_hex(16)
    database.write_now(fill)
    sealed = vault.seal(canary.encode(), "key:keys-0")
    database.write_now(lambda connection: connection.execute(sa.update(tables.keys).values(secret=sealed)).rowcount)

    backup.backup(database, tmp_path / "b")

    parts = unpack(tmp_path / "b")
    assert all(canary not in text for text in parts.values())
    assert vault.key_id in parts["manifest.json"]


def unpack(file: Path) -> dict[str, str]:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_backup_is_of_one_moment_while_the_service_writes(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write_now(fill)
    rows = dump.rows
    written = 0

    def while_writing(connection: sa.Connection, table: str) -> Iterator[list[object]]:
        nonlocal written
        yield from rows(connection, table)
        database.write_now(meta.put, f"later-{written}", b"x")
        database.write_now(events.record, None, "user.signed_in", account_id="accounts-0", at=NOW)
        written += 1

    monkeypatch.setattr(dump, "rows", while_writing)
    made = backup.backup(database, tmp_path / "b")

    assert written == len(dump.TABLES)
    assert made.rows == (len(dump.TABLES) - 1) * 5
    assert backup.verify(tmp_path / "b") == made


def test_a_database_with_rows_is_not_restored_into(database: Database, target: Database, tmp_path: Path) -> None:
    backup.backup(database, tmp_path / "b")
    target.write_now(meta.put, "something", b"x")

    with pytest.raises(Conflict, match="not empty"):
        backup.restore(tmp_path / "b", target)


def test_a_file_that_exists_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("precious")

    with pytest.raises(AlreadyExists):
        backup.backup(database, tmp_path / "b")

    assert (tmp_path / "b").read_text() == "precious"


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(Unavailable, match="No space left"):
        backup.backup(database, tmp_path / "b")

    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("mist.db")] == []


def test_a_failed_restore_leaves_the_database_empty(
    database: Database, target: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write_now(fill)
    backup.backup(database, tmp_path / "b")

    def crash(connection: sa.Connection) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(dump, "continue_sequences", crash)
    with pytest.raises(RuntimeError):
        backup.restore(tmp_path / "b", target)
    monkeypatch.undo()

    assert target.read_now(dump.first_filled) is None
    backup.restore(tmp_path / "b", target)


def test_memory_does_not_grow_with_the_database(sqlite_url: str, tmp_path: Path) -> None:
    source = Database(sqlite_url)
    source.write_now(fill)
    row = {"job_id": "jobs-0", "machine_id": "m", "stream": "stdout"}

    def flood(connection: sa.Connection) -> None:
        for _ in range(40):
            rows = [row | {"data": secrets.token_hex(4096)} for _ in range(100)]
            connection.execute(sa.insert(tables.job_output), rows)

    source.write_now(flood)
    peak = _peak(lambda: backup.backup(source, tmp_path / "b"))
    source.close()

    assert (tmp_path / "b").stat().st_size > 10_000_000
    assert peak < 12_000_000
    assert _peak(lambda: backup.verify(tmp_path / "b")) < 12_000_000


def _peak(work: Callable[[], object]) -> int:
    import tracemalloc

    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
