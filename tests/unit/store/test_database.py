"""Transactions: kept whole or not at all, apart from each other, and with errors that say what to do."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from mistserver.domain.errors import Unavailable
from mistserver.store import meta, notices
from mistserver.store.database import Database
from mistserver.store.tables import events, users


def count(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(sa.table("meta"))).scalar_one())


def put_and_fail(connection: sa.Connection) -> None:
    meta.put(connection, "a", b"1")
    notices.changed(connection, "topic")
    raise RuntimeError("no")


async def test_a_transaction_that_fails_leaves_nothing_and_tells_nobody(database: Database) -> None:
    told: list[str] = []
    database.listeners.append(told.append)

    with pytest.raises(RuntimeError):
        await database.write(put_and_fail)

    assert await database.read(count) == 0
    assert told == []


async def test_a_thousand_increments_at_once_lose_none(database: Database) -> None:
    table = sa.table("meta", sa.column("name"), sa.column("value"))
    database.write_now(meta.put, "n", b"")

    def increment(connection: sa.Connection) -> None:
        query = sa.select(table.c.value).where(table.c.name == "n").with_for_update()
        value = bytes(connection.execute(query).scalar_one())
        meta.put(connection, "n", value + b"x")

    await asyncio.gather(*(database.write(increment) for _ in range(200)))

    assert len(database.read_now(meta.get, "n") or b"") == 200


def test_a_reader_sees_one_moment(database: Database) -> None:
    def read_twice(connection: sa.Connection) -> tuple[int, int]:
        before = count(connection)
        database.write_now(meta.put, "later", b"1")
        return before, count(connection)

    assert database.read_now(read_twice) == (0, 0)
    assert database.read_now(count) == 1


def test_a_row_needs_what_it_belongs_to(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        database.write_now(
            lambda connection: (
                connection.execute(
                    sa.insert(events).values(
                        account_id="nobody", kind="x", at=None, actor="", outcome="", message="", details={}
                    )
                ).rowcount
            )
        )


def test_an_error_does_not_show_what_was_to_be_stored(database: Database) -> None:
    database.write_now(meta.put, "a", b"1")
    table = sa.table("meta", sa.column("name"), sa.column("value"))

    with pytest.raises(sa.exc.IntegrityError) as caught:
        database.write_now(
            lambda connection: connection.execute(sa.insert(table).values(name="a", value=b"canary")).rowcount
        )

    assert "canary" not in str(caught.value)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "mist.db"
    path.touch(0o644)
    path.chmod(0o644)

    database = Database(f"sqlite:///{path}")
    database.write_now(lambda connection: connection.exec_driver_sql("CREATE TABLE t (a)").rowcount)

    assert {item.name: item.stat().st_mode & 0o777 for item in tmp_path.iterdir()} == {
        "mist.db": 0o600,
        "mist.db-shm": 0o600,
        "mist.db-wal": 0o600,
    }
    database.close()


def test_a_full_disk_is_named_and_passes(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    def limit(connection: sa.Connection, pages: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    for _ in range(6):  # every connection of the pool
        database.write_now(limit, 1)

    with pytest.raises(Unavailable, match="disk of the database is full"):
        database.write_now(meta.put, "big", bytes(1_000_000))
    assert database.read_now(count) == 0
    database.write_now(limit, 1_000_000)
    database.write_now(meta.put, "big", bytes(1_000_000))
    database.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mist.db").write_bytes(b"hello " * 1000)
    database = Database(f"sqlite:///{tmp_path / 'mist.db'}")

    with pytest.raises(Unavailable, match="damaged or is something else"):
        database.read_now(count)
    database.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nowhere/mist\.db cannot be opened"):
        Database(f"sqlite:///{tmp_path / 'nowhere' / 'mist.db'}")


def test_a_database_held_by_another_program_is_busy(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")

    def impatient(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")

    for _ in range(6):
        database.read_now(impatient)
    with pytest.raises(Unavailable, match="busy"):
        database.write_now(meta.put, "a", b"1")
    other.close()
    database.write_now(meta.put, "a", b"1")
    database.close()


def test_a_server_that_does_not_answer_is_named() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/mist")

    with pytest.raises(Unavailable, match="cannot be reached"):
        database.read_now(count)
    database.close()


def test_a_database_that_does_not_exist_is_named(postgres_url: str) -> None:
    database = Database(postgres_url + "_not")

    with pytest.raises(Unavailable):
        database.read_now(count)
    database.close()


def test_a_deadlock_on_postgresql_is_run_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    for name in ("a", "b"):
        database.write_now(meta.put, name, b"")
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def cross(connection: sa.Connection, first: str, second: str) -> None:
        runs.append(first)
        meta.put(connection, first, first.encode())
        if len(runs) <= 2:
            both_hold_one.wait(10)
        meta.put(connection, second, first.encode())

    pair = [threading.Thread(target=database.write_now, args=(cross, *names)) for names in ("ab", "ba")]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join(30)

    assert len(runs) in (3, 4)  # a server that is held up may end both
    assert database.read_now(meta.get, "a") == database.read_now(meta.get, "b")
    database.close()


def test_closing_interrupts_a_statement_that_does_not_end(database: Database) -> None:
    started, ended = threading.Event(), []

    def endless(connection: sa.Connection) -> None:
        started.set()
        if database.is_sqlite:
            connection.exec_driver_sql(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            )
        else:
            connection.exec_driver_sql("SELECT pg_sleep(60)")

    def run() -> None:
        try:
            database.read_now(endless)
        except Unavailable as error:
            ended.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)

    database.close(patience_s=0.2)

    thread.join(20)
    assert len(ended) == 1


async def test_a_cancelled_caller_does_not_undo_the_change(database: Database) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        entered.set()
        go_on.wait(10)
        meta.put(connection, "a", b"1")

    task = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()

    await database.write(meta.put, "b", b"1")
    while await database.read(count) != 2:
        await asyncio.sleep(0)


def test_all_tables_are_there(database: Database) -> None:
    assert database.read_now(lambda connection: connection.execute(sa.select(users)).all()) == []
