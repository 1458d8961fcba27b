"""Rows are found in the pages of a SQLite file, whatever became of what leads to them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mistserver.monitoring.embedded import salvage

ROWS = 300
KINDS = "niftb"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A table whose rows are small, as large as a page, and larger; some of it stands in the log alone."""
    with closing(sqlite3.connect(tmp_path / "some.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE some (id INTEGER PRIMARY KEY, number INTEGER, real REAL, text TEXT, blob BLOB)")
        database.execute("CREATE TABLE other (id INTEGER PRIMARY KEY, text TEXT)")
        dice = random.Random(7)
        for n in range(ROWS):
            number = dice.choice([0, 1, -1, dice.randrange(-(2**63), 2**63), dice.randrange(1000)])
            blob = dice.randbytes(dice.choice([0, 40, 3000, 4020, 4061, 5000, 20_000]))
            database.execute("INSERT INTO some VALUES (?, ?, ?, ?, ?)", (3 * n + 2, number, n + 0.5, f"é{n}", blob))
            database.execute("INSERT INTO other (text) VALUES (?)", (f"{n}",))
            if n == ROWS // 2:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield database


def found(path: Path) -> dict[int, tuple[object, ...]]:
    return {rowid: (rowid, *values) for rowid, _, *values in salvage.rows(path, KINDS)}


def written(database: sqlite3.Connection) -> dict[int, tuple[object, ...]]:
    return {row[0]: row for row in database.execute("SELECT * FROM some")}


def test_all_rows_of_a_kind_are_found_and_no_others(database: sqlite3.Connection, tmp_path: Path) -> None:
    assert len(written(database)) == ROWS
    assert found(tmp_path / "some.db") == written(database)


def test_a_page_that_is_gone_takes_only_what_stands_in_it(database: sqlite3.Connection, tmp_path: Path) -> None:
    path, expected = tmp_path / "some.db", written(database)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    for number in range(len(content) // salvage.PAGE):
        at = number * salvage.PAGE
        path.write_bytes(content[:at] + bytes(salvage.PAGE) + content[at + salvage.PAGE :])
        left = {rowid: row for rowid, row in found(path).items() if expected.get(rowid) == row}
        assert len(left) >= ROWS - salvage.PAGE // 50


def test_a_file_that_is_cut_or_noise_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path, dice = tmp_path / "noise.db", random.Random(11)
    for size in (0, 1, 4095, 4096, 50_000):
        path.write_bytes(b"\x0d" * min(size, 9) + dice.randbytes(max(0, size - 9)))
        assert found(path) == {}
    assert list(salvage.rows(tmp_path / "missing.db", KINDS)) == []
