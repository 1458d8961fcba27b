"""A second record of which series there are, one a line: what a damaged log is given its names back from."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from mistserver.monitoring.embedded.series import NewSeries
from mistserver.monitoring.samples import Kind


class NamesCopy:
    """Written by one thread. OSError when the disk takes no more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[NewSeries]:
        """What is sound of it; of several lines about one series the last counts."""
        if not self._path.exists():
            return []
        found: dict[int, NewSeries] = {}
        for line in self._path.read_bytes().split(b"\n"):
            series = _series(line)
            if series is not None:
                found[series.id] = series
        return list(found.values())

    def add(self, series: Sequence[NewSeries]) -> None:
        if series:
            self._write(self._path, series, os.O_APPEND)

    def replace(self, series: Iterable[NewSeries]) -> None:
        new = self._path.with_suffix(".new")
        self._write(new, series, os.O_TRUNC)
        new.replace(self._path)

    def _write(self, path: Path, series: Iterable[NewSeries], how: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n".join([b"", *map(_line, series), b""]))  # what a crash cut short stays a line of its own
            file.flush()
            os.fsync(file.fileno())


def _line(series: NewSeries) -> bytes:
    text = json.dumps(series).encode()
    return b"%08x %s" % (zlib.crc32(text), text)


def _series(line: bytes) -> NewSeries | None:
    checksum, _, text = line.partition(b" ")
    if not text or checksum != b"%08x" % zlib.crc32(text):
        return None
    id, machine, name, kind = json.loads(text)
    return NewSeries(id, machine, name, Kind(kind))
