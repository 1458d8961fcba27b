"""The whole store as rows, for a backup: read from the files while the service writes on, and put into new ones.

The log comes first, then files from fine to coarse: what moves meanwhile is then in both, and once after the next
opening. `Holding` keeps files from being exchanged while they are read.
"""

from __future__ import annotations

import base64
import fcntl
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from mistserver.monitoring.embedded.handles import Handles
from mistserver.monitoring.embedded.hot import HotLog
from mistserver.monitoring.embedded.partition import Stored
from mistserver.monitoring.embedded.partitions import Level, Partitions
from mistserver.monitoring.embedded.series import NewSeries, post_of
from mistserver.monitoring.samples import Kind

log = logging.getLogger(__name__)

SERIES, POSTS = "metrics_series", "metrics_posts"
CHUNKS = ("metrics_raw", "metrics_minutes", "metrics_hours")
COLUMNS: dict[str, list[str]] = {
    SERIES: ["id", "machine", "name", "kind"],
    POSTS: ["body"],
    **{
        each: ["file", "compact", "series", "start", "end", "size", "step", "times", "average", "low", "high"]
        for each in CHUNKS
    },
}
_AT_ONCE = 200
_LOCK = "files.lock"


class Holding:
    """Of several processes: many may read files, or one may exchange them. Held until the end of the block."""

    def __init__(self, folder: Path, *, exchange: bool = False) -> None:
        self._path = folder / _LOCK
        self._how = fcntl.LOCK_EX | fcntl.LOCK_NB if exchange else fcntl.LOCK_SH
        self._descriptor = -1

    def __enter__(self) -> bool:
        """Whether it was had; for reading it is waited for."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, self._how)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)


def parts(folder: Path) -> Iterator[tuple[str, Iterator[list[Any]]]]:
    """Each part's name and rows, in the order in which they have to be read. Nothing for a folder without a store."""
    if not (folder / "hot.db").exists():
        return
    with Holding(folder):
        with closing(_reader(folder / "hot.db")) as database:
            database.execute("BEGIN")  # names and posts of one moment
            yield SERIES, (list(row) for row in database.execute("SELECT id, machine, name, kind FROM series"))
            yield POSTS, _posts(database)
        for part in CHUNKS:
            yield part, _chunks(folder, part.removeprefix("metrics_"))


def fill(folder: Path, part: str, rows: Iterable[Sequence[Any]]) -> None:
    """Put a part into a new folder; the series before the posts. ValueError for rows that are none of ours."""
    if part == SERIES:
        series = [NewSeries(int(id), str(machine), str(name), Kind(kind)) for id, machine, name, kind in rows]
        _log(folder, lambda hot: hot.write(series, []))
    elif part == POSTS:
        bodies = (post_of(_bytes(body)) for (body,) in rows)

        def write(hot: HotLog) -> None:
            while some := list(islice(bodies, _AT_ONCE)):
                hot.write([], some)

        _log(folder, write)
    else:
        _fill_chunks(folder, part.removeprefix("metrics_"), rows)


def _posts(database: sqlite3.Connection) -> Iterator[list[Any]]:
    for body, checksum in database.execute("SELECT body, checksum FROM posts ORDER BY seq"):
        if zlib.crc32(body) == checksum:
            yield [body]
        else:
            log.error("a post in the log of metrics is damaged and left out of the backup")


def _chunks(folder: Path, level: str) -> Iterator[list[Any]]:
    for path in sorted(folder.glob(f"{level}-*.db")):
        with closing(_reader(path)) as database:
            database.execute("BEGIN")
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'chunks'").fetchone():
                continue  # it is being made just now
            (compact,) = database.execute("PRAGMA user_version").fetchone()
            for *row, _place, checksum in database.execute("SELECT * FROM chunks ORDER BY series, start"):
                if Stored(*row).checksum() == checksum:
                    yield [int(path.stem.rpartition("-")[2]), bool(compact), *row]
                else:
                    log.error("a chunk of metrics is damaged and left out of the backup: %s", path.name)


def _fill_chunks(folder: Path, level: str, rows: Iterable[Sequence[Any]]) -> None:
    files = Partitions(folder, Level(level, 0, 1, 0), Handles())
    counted: set[int] = set()
    try:
        pending: list[tuple[int, Stored]] = []
        for file, compact, *row in rows:
            series, start, end, size, step, *blobs = row
            numbers = (int(series), int(start), int(end), int(size), int(step))
            pending.append((int(file), Stored(*numbers, *map(_bytes, blobs))))
            counted |= {int(file)} if compact else set()
            if len(pending) >= _AT_ONCE:
                _write(files, pending)
        _write(files, pending)
        for file in counted & set(files.starts()):
            partition = files.at(file)
            partition.take(files.replacement(file, partition.read(sorted(partition.newest()), 0, 2**32)))
    finally:
        files.close()


def _write(files: Partitions, pending: list[tuple[int, Stored]]) -> None:
    for file in {file for file, _ in pending}:
        files.at(file).write([stored for at, stored in pending if at == file])
    pending.clear()


def _log(folder: Path, work: Any) -> None:
    with closing(HotLog(folder)) as hot:
        work(hot)


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else base64.b64decode(str(text), validate=True)
