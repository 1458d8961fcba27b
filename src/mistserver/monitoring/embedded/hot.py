"""The log of what was taken and is not yet in a partition: what makes an acknowledged post durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.samples import TIMES, VALUES, Kind, Times, Values

SLOTS = np.dtype(np.uint32)
Slots = NDArray[np.uint32]  # the rows of the head, which are also the ids of series

_TABLES = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, machine TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, UNIQUE (machine, name)
) STRICT;
CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT;
"""


class NewSeries(NamedTuple):
    id: int
    machine: str
    name: str
    kind: Kind


class Post(NamedTuple):
    """Samples as rows of the head, their times and values. `distinct`: surely no row stands twice."""

    slots: Slots
    times: Times
    values: Values
    distinct: bool = False

    def only(self, wanted: NDArray[np.bool_]) -> Post:
        return Post(self.slots[wanted], self.times[wanted], self.values[wanted], self.distinct)

    def body(self) -> bytes:
        return self.slots.tobytes() + self.times.tobytes() + self.values.tobytes()


def post_of(body: bytes) -> Post:
    count = len(body) // (SLOTS.itemsize + TIMES.itemsize + VALUES.itemsize)
    times_at, values_at = count * SLOTS.itemsize, count * (SLOTS.itemsize + TIMES.itemsize)
    return Post(
        np.frombuffer(body, SLOTS, count),
        np.frombuffer(body, TIMES, count, times_at),
        np.frombuffer(body, VALUES, count, values_at),
    )


class HotLog:
    """One SQLite file, written by one thread: what `write` returns from has reached the disk."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        self._database.close()

    def series(self) -> list[NewSeries]:
        rows = self._database.execute("SELECT id, machine, name, kind FROM series ORDER BY id")
        return [NewSeries(id, machine, name, Kind(kind)) for id, machine, name, kind in rows]

    def posts(self) -> Iterator[Post]:
        """What is in the log, in the order in which it came."""
        for (body,) in self._database.execute("SELECT body FROM posts ORDER BY seq"):
            yield post_of(body)

    def write(self, series: Iterable[NewSeries], posts: Sequence[Post]) -> None:
        """All or nothing; sqlite3.Error when the disk takes no more."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT INTO series VALUES (?, ?, ?, ?)", series)
            self._database.executemany("INSERT INTO posts (body) VALUES (?)", [(post.body(),) for post in posts])
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def oldest(self, count: int) -> list[tuple[int, Post]]:
        rows = self._database.execute("SELECT seq, body FROM posts ORDER BY seq LIMIT ?", (count,))
        return [(seq, post_of(body)) for seq, body in rows]

    def drop_posts(self, up_to: int) -> None:
        self._database.execute("DELETE FROM posts WHERE seq <= ?", (up_to,))

    def drop_series(self, machine: str) -> None:
        self._database.execute("DELETE FROM series WHERE machine = ?", (machine,))
