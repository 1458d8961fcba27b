"""Files of chunks: one a level and span of time, so that what is too old goes by deleting a file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mistserver.monitoring.embedded import damage
from mistserver.monitoring.embedded.handles import Handles
from mistserver.monitoring.embedded.partition import Partition, Stored, compact_file

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


class Partitions:
    """The files of one level in a folder."""

    def __init__(self, folder: Path, level: Level, handles: Handles) -> None:
        self.level = level
        self._folder = folder
        self._handles = handles
        self._lock = threading.Lock()
        self._files: dict[int, Partition] = {}
        for leftover in folder.glob(f"{level.name}-*.new"):
            damage.remove(leftover)
        for path in folder.glob(f"{level.name}-*.db"):
            start = path.stem.rpartition("-")[2]
            if start.isdecimal():
                self._files[int(start)] = Partition(path, handles)

    def close(self) -> None:
        for partition in self._files.values():
            partition.close()

    def starts(self) -> list[int]:
        with self._lock:
            return sorted(self._files)

    def at(self, start: int) -> Partition:
        """The file of a span; made when it is not there."""
        with self._lock:
            found = self._files.get(start)
            if found is None:
                found = self._files[start] = Partition(self.path(start), self._handles)
            return found

    def there(self) -> list[tuple[int, Partition]]:
        """Every span that has a file, in the order of time."""
        with self._lock:
            return sorted(self._files.items(), key=lambda item: item[0])

    def write(self, rows: Iterable[Stored]) -> None:
        """Each chunk into the file of the span in which it begins."""
        by_start: dict[int, list[Stored]] = {}
        for row in rows:
            by_start.setdefault(self.level.partition(row.start), []).append(row)
        for start, some in by_start.items():
            self.at(start).write(some)

    def settle(self) -> bool:
        """Put all that was written into the files themselves, where it is not yet; whether that could be done."""
        return min([partition.settle() for _, partition in self.there()], default=True)

    def is_settled(self) -> bool:
        """Whether all that was written stands in the files, and not only in their logs."""
        return all(partition.is_settled() for _, partition in self.there())

    def read(self, series: Sequence[int], start: int, stop: int) -> list[Stored]:
        """Chunks that touch the span, file by file; a chunk may reach beyond the span of its file."""
        found: list[Stored] = []
        for begin, partition in self.there():
            if begin < stop and begin + 2 * self.level.span > start:
                found += partition.read(series, start, stop)
        return found

    def newest(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for _, partition in self.there():
            for series, end in partition.newest().items():
                found[series] = max(end, found.get(series, 0))
        return found

    def forget(self, series: Sequence[int]) -> None:
        for _, partition in self.there():
            partition.forget(series)

    def expire(self, now: int) -> None:
        """Delete the files whose whole span is older than the level keeps."""
        for start, partition in self.there():
            if start + self.level.span + self.level.kept < now:
                with self._lock:
                    del self._files[start]
                partition.close()
                damage.remove(partition.path)

    def replacement(self, start: int, rows: Iterable[Stored]) -> Path:
        """A file beside that of a span with these chunks, for `Partition.take`."""
        new = self.path(start).with_suffix(".new")
        damage.remove(new)
        compact_file(new, rows)
        _sync(new.parent)
        return new

    def path(self, start: int) -> Path:
        return self._folder / f"{self.level.name}-{start}.db"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
