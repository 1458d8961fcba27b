"""One file of chunks. It is open only while it is used: a year of files has more of them than a process may open."""

from __future__ import annotations

import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mistserver.monitoring.embedded import damage, salvage, wal
from mistserver.monitoring.embedded.handles import Handles

log = logging.getLogger(__name__)

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS chunks (
  series INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, size INTEGER NOT NULL, step INTEGER NOT NULL,
  times BLOB NOT NULL, average BLOB NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL,
  place INTEGER NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS by_series ON chunks (series, start, end);
"""
_KINDS = "iiiiibbbbii"  # of the columns
_PLACE = "series, start, end, size, step, place"
_BUSY_MS = 5000
_AT_ONCE = 500  # parameters of one statement
_COMPACT = 0x4D697374  # the file's user_version; a damaged one is hardly this


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

    def place(self) -> int:
        """A checksum of where the chunk belongs."""
        return zlib.crc32(repr(tuple(self[:5])).encode())

    def checksum(self) -> int:
        """A checksum of everything."""
        found = self.place()
        for blob in self[5:]:
            found = zlib.crc32(blob, found)
        return found


class Partition:
    """Several threads may read while one writes. What is damaged is told in the log, and costs only itself."""

    def __init__(self, path: Path, handles: Handles) -> None:
        self.path = path
        self.writes = 0  # since it was opened first
        self._settled = -1  # how many of them stand in the file itself
        self._handles = handles
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._compact: bool | None = None
        self._ended = False

    def close(self) -> None:
        """For good: reads find nothing from now on."""
        with self._lock:
            self._ended = True
            self._close()
        self._handles.ended(self)

    def rest(self) -> bool:
        """Close it until it is used again, unless it is in use now."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._close()
        finally:
            self._lock.release()
        return True

    def write(self, rows: Sequence[Stored]) -> None:
        """All or nothing. A chunk that begins where one stands already takes its place."""

        def work(database: sqlite3.Connection) -> bool:
            _in_transaction(database, lambda: _insert(database, rows, False))
            self._compact = False
            self.writes += 1
            return True

        if not self._with(work, False):
            raise sqlite3.ProgrammingError(f"{self.path.name} is closed")

    def settle(self) -> bool:
        """Put what stands in the file's own log into the file, and leave the log empty; whether that could be done.

        The end of a log that is lost looks like a crash: nobody could tell. What is left of it would hide newer pages.
        """

        def work(database: sqlite3.Connection) -> bool:
            database.execute("PRAGMA busy_timeout = 0")  # a backup may be reading: the next time
            busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            database.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            self._settled = self._settled if busy else self.writes
            return not busy

        return self.is_settled() or self._with(work, True)

    def is_settled(self) -> bool:
        return self._settled == self.writes

    def is_compact(self) -> bool:
        """Whether every series is one chunk here, and counted in the coarser levels."""
        if self._compact is None:
            self._compact = self._with(
                lambda database: bool(database.execute("PRAGMA user_version").fetchone()[0] == _COMPACT), True
            )
        return bool(self._compact)

    def newest(self) -> dict[int, int]:
        """The last second of each series."""
        query = f"SELECT {_PLACE}, max(end) FROM chunks GROUP BY series"  # noqa: S608 - ours
        rows = self._rows(query)
        sound = {row[0]: row[2] for row in rows if _in_place(row)}
        if len(sound) < len(rows):
            rows = self._rows(f"SELECT {_PLACE} FROM chunks ORDER BY end")  # noqa: S608 - ours
            sound = {row[0]: row[2] for row in rows if _in_place(row)}
        return sound

    def read(self, series: Sequence[int], start: int, stop: int) -> list[Stored]:
        """Chunks that touch the span, by series and time."""
        found: list[Stored] = []
        for first in range(0, len(series), _AT_ONCE):
            some = series[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT * FROM chunks WHERE series IN ({marks}) AND start < ? AND end >= ? ORDER BY series, start"  # noqa: S608 - marks only
            wanted = set(some)
            found += (
                stored for stored in self._sound(self._rows(query, *some, stop, start)) if stored.series in wanted
            )
        return found

    def forget(self, series: Sequence[int]) -> None:
        def work(database: sqlite3.Connection) -> None:
            gone = [(each,) for each in series]
            _in_transaction(database, lambda: database.executemany("DELETE FROM chunks WHERE series = ?", gone))
            self.writes += 1

        self._with(work, None)

    def take(self, new: Path) -> None:
        """Become the file `new`, at once or not at all."""
        with self._lock:
            database = self._opened()
            busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError(f"{self.path.name} is in use")
            self._close()
            new.replace(self.path)
            self._compact = None

    def repair(self) -> None:
        """Keep what can be read of a damaged file; the rest is put aside."""
        with self._lock:
            self._repair()

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        return self._with(lambda database: database.execute(query, values).fetchall(), [])

    def _with(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do it with the open file. A damaged one is repaired first, and asked again."""
        with self._lock:
            if self._ended:
                return otherwise
            try:
                result = work(self._opened())
            except damage.TROUBLE as error:
                if not damage.is_damage(error):
                    raise
                log.error("the file of metrics %s is damaged: %s", self.path.name, error)
                self._repair()
                result = work(self._opened())
        self._handles.used(self)
        return result

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            if not damage.header_is_sound(self.path):
                log.error("the file of metrics %s is damaged: it does not begin as one", self.path.name)
                self._repair()
            elif wal.is_cut(self.path):
                log.error("the file of metrics %s is damaged at its end: what came last may be lost", self.path.name)
        if self._database is None:
            self._database = connected(self.path)
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _repair(self) -> None:
        self._close()
        kept = _latest(self._sound((row[1:] for row in salvage.rows(self.path, _KINDS)), tell=False))
        aside = damage.put_aside(self.path)
        database = connected(self.path)
        _in_transaction(database, lambda: _insert(database, kept, False))
        self._database, self._compact = database, False
        self.writes += 1
        log.error("%d chunks of metrics were saved; the damaged file is now %s", len(kept), aside)

    def _sound(self, rows: Iterable[tuple[object, ...]], *, tell: bool = True) -> Iterator[Stored]:
        for row in rows:
            stored = Stored(*row[:-2])  # type: ignore[arg-type]  # the table is STRICT
            try:
                sound = stored.place() == row[-2] and stored.checksum() == row[-1]
            except TypeError:  # a damaged row may hold anything
                sound = False
            if sound:
                yield stored
            elif tell:
                log.error("a chunk of metrics is damaged and left out: %s series %s", self.path.name, stored.series)


def _latest(rows: Iterable[Stored]) -> list[Stored]:
    """One of those that begin alike: the one that reaches furthest. Others were there before it."""
    found: dict[tuple[int, int], Stored] = {}
    for row in rows:
        known = found.get(row[:2])
        if known is None or row.end > known.end:
            found[row[:2]] = row
    return list(found.values())


def compact_file(path: Path, rows: Iterable[Stored]) -> None:
    """A new file that holds each series as one chunk, everything in the one file, and on the disk."""
    with closing(connected(path)) as database:
        _in_transaction(database, lambda: _insert(database, rows, True))
        database.execute("PRAGMA journal_mode=DELETE")


def connected(path: Path) -> sqlite3.Connection:
    """A file of chunks, made when it is not there. The lock of whoever asks keeps threads apart."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("PRAGMA cell_size_check=ON")
        database.executescript(_TABLES)
    except BaseException:
        database.close()
        raise
    return database


def _in_place(row: Sequence[int]) -> bool:
    return zlib.crc32(repr(tuple(row[:5])).encode()) == row[5]


def _insert(database: sqlite3.Connection, rows: Iterable[Stored], compact: bool) -> None:
    for row in rows:
        database.execute("DELETE FROM chunks WHERE series = ? AND start = ?", row[:2])
        values = (*row, row.place(), row.checksum())
        database.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.execute(f"PRAGMA user_version = {_COMPACT if compact else 0}")


def _in_transaction(database: sqlite3.Connection, work: Callable[[], object]) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        work()
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite ends some of itself
            database.execute("ROLLBACK")
        raise
