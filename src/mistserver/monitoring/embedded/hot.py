"""The log of what was taken and is not yet in a partition: what makes an acknowledged post durable."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mistserver.monitoring.embedded import damage, salvage, wal
from mistserver.monitoring.embedded.names_copy import NamesCopy
from mistserver.monitoring.embedded.series import NewSeries, Post, columns_of
from mistserver.monitoring.samples import Kind

log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, checksum INTEGER NOT NULL,
  UNIQUE (machine, name)
) STRICT;
CREATE TABLE IF NOT EXISTS posts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, checksum INTEGER NOT NULL
) STRICT;
"""
_POST_KINDS = "nbi"


class HotLog:
    """One SQLite file, written by one thread: what `write` returns from has reached the disk.

    What is damaged is told in the service's log. Names are had back from their copy; posts are lost one by one.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "hot.db"
        self._copy = NamesCopy(folder / "names.jsonl")
        if wal.is_cut(path):
            log.error("the log of metrics is damaged at its end: the newest samples that were in it are lost")
        if not damage.is_whole(path):
            _repair(path)
        self._database = _connected(path)
        try:
            self._series = self._all_series()
            self._copy.replace(self._series)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    def series(self) -> list[NewSeries]:
        """As they were when the log was opened."""
        return self._series

    def posts(self) -> Iterator[Post]:
        """What is in the log, in the order in which it came; none of them said to be distinct."""
        rows = self._database.execute("SELECT seq, body, checksum FROM posts ORDER BY seq")
        return (columns_of(body) for _, body in sound_posts(rows))

    def write(self, series: Sequence[NewSeries], posts: Sequence[Post]) -> None:
        """All or nothing; sqlite3.Error or OSError when the disk takes no more."""
        self._copy.add(series)
        bodies = [post.body() for post in posts]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(
                "INSERT INTO series VALUES (?, ?, ?, ?, ?)", [(*each, _checksum(each)) for each in series]
            )
            self._database.executemany(
                "INSERT INTO posts (body, checksum) VALUES (?, ?)", [(body, zlib.crc32(body)) for body in bodies]
            )
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite ends some of itself
                self._database.execute("ROLLBACK")
            raise

    def after(self, seq: int, count: int) -> list[tuple[int, Post]]:
        """The next posts behind a place in the log, none of them said to be distinct.

        What is damaged is left out, and goes with those before it.
        """
        rows = self._database.execute(
            "SELECT seq, body, checksum FROM posts WHERE seq > ? ORDER BY seq LIMIT ?", (seq, count)
        )
        return [(seq, columns_of(body)) for seq, body in sound_posts(rows)]

    def drop_posts(self, up_to: int) -> None:
        self._database.execute("DELETE FROM posts WHERE seq <= ?", (up_to,))

    def drop_series(self, machine: str) -> None:
        self._database.execute("DELETE FROM series WHERE machine = ?", (machine,))
        self._copy.replace(_sound_series(self._database.execute("SELECT * FROM series ORDER BY id")))

    def _all_series(self) -> list[NewSeries]:
        rows = self._database.execute("SELECT * FROM series ORDER BY id").fetchall()
        sound = _sound_series(rows)
        if len(sound) == len(rows):
            return sound
        self._database.execute("DELETE FROM series")
        return _restored(self._database, sound, self._copy.read())


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(_TABLES)
    except BaseException:
        database.close()
        raise
    return database


def _repair(path: Path) -> None:
    """A new log with what can be read of the damaged one, which is put aside."""
    new = path.with_suffix(".new")
    damage.remove(new)
    posts = dict(sound_posts(((row[0], *row[2:]) for row in salvage.rows(path, _POST_KINDS)), tell=False))
    series = _sound_series(damage.rows_left(path, "series", 5))
    with closing(_connected(new)) as database:
        database.execute("BEGIN")
        _restored(database, series, NamesCopy(path.with_name("names.jsonl")).read())
        rows = [(seq, body, zlib.crc32(body)) for seq, body in sorted(posts.items())]
        database.executemany("INSERT OR IGNORE INTO posts VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode=DELETE")
    aside = damage.put_aside(path)
    new.replace(path)
    log.error("the log of metrics is damaged: %d posts were saved; the damaged file is now %s", len(posts), aside)


def _restored(database: sqlite3.Connection, *known: Sequence[NewSeries]) -> list[NewSeries]:
    """Fill the names of a log whose own are not whole; the first who knows a series counts."""
    for series in known:
        rows = [(*each, _checksum(each)) for each in series]
        database.executemany("INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?, ?)", rows)
    return _sound_series(database.execute("SELECT * FROM series ORDER BY id"))


def _checksum(series: NewSeries) -> int:
    return zlib.crc32(repr((series.id, series.machine, series.name, int(series.kind))).encode())


def _sound_series(rows: Iterable[Sequence[Any]]) -> list[NewSeries]:
    found = []
    for id, machine, name, kind, checksum in rows:
        if kind in tuple(Kind) and _checksum(NewSeries(id, machine, name, Kind(kind))) == checksum:
            found.append(NewSeries(id, machine, name, Kind(kind)))
        else:
            log.error("a name of a series of metrics is damaged (series %s)", id)
    return found


def sound_posts(rows: Iterable[Sequence[Any]], *, tell: bool = True) -> Iterator[tuple[int, bytes]]:
    """Place and body of posts that are as they were written."""
    for seq, body, checksum in rows:
        if isinstance(body, bytes) and zlib.crc32(body) == checksum:
            yield seq, body
        elif tell:
            log.error("a post in the log of metrics is damaged and left out (%s)", seq)
