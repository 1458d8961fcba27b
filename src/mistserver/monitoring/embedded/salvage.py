"""Rows of a damaged SQLite file, found page by page: what leads to them may be gone, and they are there.

https://www.sqlite.org/fileformat2.html. What is found may be wrong, or deleted long ago; whoever asks has checksums.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

PAGE = 4096
_LEAF = 13  # of a table
_HEADER, _FRAME = 32, 24
_MOST_LOCAL, _LEAST_LOCAL = PAGE - 35, (PAGE - 12) * 32 // 255 - 23  # of a row in its leaf; the rest overflows
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes by serial type
_LETTERS = {0: "n", 7: "f", 8: "i", 9: "i", **dict.fromkeys(_INTEGERS, "i")}


def rows(path: Path, kinds: str) -> Iterator[tuple[Any, ...]]:
    """Every row in a file and its write-ahead log whose values are of these kinds, with its rowid before them.

    A letter a column: n nothing (a rowid has its place there), i integer, f float, b blob, t text.
    """
    with _Pages(path) as pages:
        for number, page in pages:
            for at in _cells(page, 100 if number == 1 else 0):
                try:
                    rowid, payload = _payload(pages, page, at)
                    found = _record(payload, kinds)
                except (IndexError, struct.error, UnicodeDecodeError):
                    continue
                if found is not None:
                    yield rowid, *found


class _Pages:
    """The pages of a file as they are, and each that stands in its log."""

    def __init__(self, path: Path) -> None:
        self._file, self._size = _opened(path)
        self._log, size = _opened(Path(f"{path}-wal"))
        self._newest: dict[int, int] = {}  # where the log has a page last
        self._in_log: list[tuple[int, int]] = []
        for at in range(_HEADER, size - _FRAME - PAGE + 1, _FRAME + PAGE):
            self._log.seek(at)
            (number,) = struct.unpack(">I", self._log.read(4))
            self._in_log.append((number, at + _FRAME))
            self._newest[number] = at + _FRAME

    def __enter__(self) -> _Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._log.close()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for number in range(1, -(-self._size // PAGE) + 1):
            yield number, self._whole(self._file, (number - 1) * PAGE)
        for number, at in self._in_log:
            yield number, self._whole(self._log, at)

    def page(self, number: int) -> bytes:
        """The newest of that number; IndexError when there is none."""
        if number in self._newest:
            return self._whole(self._log, self._newest[number])
        if not 0 < number <= -(-self._size // PAGE):
            raise IndexError(number)
        return self._whole(self._file, (number - 1) * PAGE)

    def _whole(self, source: BinaryIO, at: int) -> bytes:
        source.seek(at)
        return source.read(PAGE).ljust(PAGE, b"\0")  # the last page of a file may be cut


def _opened(path: Path) -> tuple[BinaryIO, int]:
    """The file and its size; one that is not there is empty."""
    try:
        file: BinaryIO = path.open("rb")
    except FileNotFoundError:
        file = io.BytesIO()
    return file, file.seek(0, io.SEEK_END)


def _cells(page: bytes, head: int) -> Iterator[int]:
    """Where the rows of a leaf are; nothing for other pages."""
    if page[head] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, head + 3)
    for index in range(min(count, PAGE // 4)):
        place = head + 8 + 2 * index
        if place + 2 > PAGE:
            return
        (at,) = struct.unpack_from(">H", page, place)
        if head + 8 <= at < PAGE - 3:
            yield at


def _payload(pages: _Pages, page: bytes, at: int) -> tuple[int, bytes]:
    """A row's rowid and bytes, with those that did not fit into its leaf."""
    size, at = _varint(page, at)
    rowid, at = _varint(page, at)
    if size <= _MOST_LOCAL:
        return rowid, page[at : at + size]
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE - 4)
    local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    found = bytearray(page[at : at + local])
    (following,) = struct.unpack_from(">I", page, at + local)
    while len(found) < size:
        more = pages.page(following)
        found += more[4 : 4 + size - len(found)]
        (following,) = struct.unpack_from(">I", more)
    return rowid, bytes(found)


def _record(payload: bytes, kinds: str) -> list[Any] | None:
    """The values of a row; None when they are of other kinds."""
    end, at = _varint(payload, 0)
    types: list[int] = []
    while at < end and len(types) <= len(kinds):
        type, at = _varint(payload, at)
        types.append(type)
    if "".join(map(_letter, types)) != kinds:
        return None
    values: list[Any] = []
    for type in types:
        size = _INTEGERS.get(type, 8 if type == 7 else max(0, type - 12) // 2)
        content, end = payload[end : end + size], end + size
        if len(content) != size:
            return None
        values.append(_value(type, content))
    return values


def _letter(type: int) -> str:
    return _LETTERS.get(type) or ("?" if type < 12 else "bt"[type % 2])


def _value(type: int, content: bytes) -> Any:
    if type in (0, 8, 9):
        return None if type == 0 else type - 8
    if type == 7:
        return struct.unpack(">d", content)[0]
    if type in _INTEGERS:
        return int.from_bytes(content, "big", signed=True)
    return content.decode() if type % 2 else content


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place in range(at, at + 8):
        byte = data[place]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, place + 1
    return number << 8 | data[at + 8], at + 9
