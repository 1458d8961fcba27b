"""Files of chunks: one a level and span of time, so that what is too old goes by deleting a file."""

from __future__ import annotations

import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE IF NOT EXISTS chunks (
  series INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, size INTEGER NOT NULL, step INTEGER NOT NULL,
  times BLOB NOT NULL, average BLOB NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS by_series ON chunks (series, start, end);
"""
_AT_ONCE = 500  # parameters of one statement
HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class Level:
    """`step` seconds between its points, 0 where samples stand as they came. A file spans `span` seconds."""

    name: str
    step: int
    span: int
    kept: int

    def partition(self, second: int) -> int:
        return second - second % self.span


class Stored(NamedTuple):
    """A row of a partition. `low` and `high` are empty where every point is one sample."""

    series: int
    start: int
    end: int
    size: int
    step: int
    times: bytes
    average: bytes
    low: bytes = b""
    high: bytes = b""

    def checksum(self) -> int:
        numbers = repr(tuple(self[:5])).encode()
        return zlib.crc32(
            self.high, zlib.crc32(self.low, zlib.crc32(self.average, zlib.crc32(self.times, zlib.crc32(numbers))))
        )


class Partition:
    """One file. Several threads may read while one writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def write(self, rows: Iterable[Stored], *, compact: bool = False) -> None:
        """All or nothing. A chunk that begins where one stands already takes its place."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for row in rows:
                    self._database.execute("DELETE FROM chunks WHERE series = ? AND start = ?", row[:2])
                    values = (*row, row.checksum())
                    self._database.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                self._database.execute(f"PRAGMA user_version = {int(compact)}")
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    def is_compact(self) -> bool:
        """Whether every series is one chunk here, and counted in the coarser levels."""
        with self._lock:
            return bool(self._database.execute("PRAGMA user_version").fetchone()[0])

    def newest(self) -> dict[int, int]:
        """The last second of each series."""
        with self._lock:
            return dict(self._database.execute("SELECT series, max(end) FROM chunks GROUP BY series"))

    def read(self, series: Sequence[int], start: int, stop: int) -> list[Stored]:
        """Chunks that touch the span, by series and time. One that is damaged is told in the log and left out."""
        found: list[Stored] = []
        for first in range(0, len(series), _AT_ONCE):
            some = series[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT * FROM chunks WHERE series IN ({marks}) AND start < ? AND end >= ? ORDER BY series, start"  # noqa: S608 - marks only
            with self._lock:
                rows = self._database.execute(query, (*some, stop, start)).fetchall()
            found += self._sound(rows)
        return found

    def forget(self, series: Sequence[int]) -> None:
        with self._lock:
            self._database.executemany("DELETE FROM chunks WHERE series = ?", [(each,) for each in series])

    def _sound(self, rows: Iterable[tuple[object, ...]]) -> Iterator[Stored]:
        for row in rows:
            stored = Stored(*row[:-1])  # type: ignore[arg-type]  # the table is STRICT
            if stored.checksum() == row[-1]:
                yield stored
            else:
                log.error("a chunk of metrics is damaged and left out: %s series %s", self.path.name, stored.series)


class Partitions:
    """The files of one level in a folder."""

    def __init__(self, folder: Path, level: Level) -> None:
        self.level = level
        self._folder = folder
        self._lock = threading.Lock()
        self._open: dict[int, Partition] = {}
        for path in folder.glob(f"{level.name}-*.db"):
            self._open[int(path.stem.rpartition("-")[2])] = Partition(path)

    def close(self) -> None:
        for partition in self._open.values():
            partition.close()

    def starts(self) -> list[int]:
        with self._lock:
            return sorted(self._open)

    def at(self, start: int) -> Partition:
        """The file of a span; made when it is not there."""
        with self._lock:
            found = self._open.get(start)
            if found is None:
                found = self._open[start] = Partition(self._path(start))
            return found

    def write(self, rows: Iterable[Stored]) -> None:
        """Each chunk into the file of the span in which it begins."""
        by_start: dict[int, list[Stored]] = {}
        for row in rows:
            by_start.setdefault(self.level.partition(row.start), []).append(row)
        for start, some in by_start.items():
            self.at(start).write(some)

    def read(self, series: Sequence[int], start: int, stop: int) -> list[Stored]:
        """Chunks that touch the span, file by file; a chunk may reach beyond the span of its file."""
        found: list[Stored] = []
        for each in self.starts():
            if each < stop and each + 2 * self.level.span > start:
                found += self.at(each).read(series, start, stop)
        return found

    def newest(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in self.starts():
            found |= self.at(start).newest()
        return found

    def forget(self, series: Sequence[int]) -> None:
        for start in self.starts():
            self.at(start).forget(series)

    def expire(self, now: int) -> None:
        """Delete the files whose whole span is older than the level keeps."""
        for start in self.starts():
            if start + self.level.span + self.level.kept < now:
                with self._lock:
                    old = self._open.pop(start)
                old.close()
                for path in (old.path, *old.path.parent.glob(old.path.name + "-*")):
                    path.unlink(missing_ok=True)

    def replace(self, start: int, rows: Iterable[Stored]) -> None:
        """Put these chunks in the place of a whole file, at once or not at all."""
        new = self._path(start).with_suffix(".new")
        new.unlink(missing_ok=True)
        made = Partition(new)
        made.write(rows, compact=True)
        made._database.execute("PRAGMA journal_mode=DELETE")
        made.close()
        with self._lock:
            old = self._open[start]
            old.close()
            for leftover in old.path.parent.glob(old.path.name + "-*"):
                leftover.unlink()
            new.replace(old.path)
            self._open[start] = Partition(old.path)

    def _path(self, start: int) -> Path:
        return self._folder / f"{self.level.name}-{start}.db"
