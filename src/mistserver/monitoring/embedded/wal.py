"""Whether the end of a SQLite write-ahead log was lost to damage, which SQLite itself does not tell.

It takes a frame that is not right for the end: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

_HEADER, _FRAME = 32, 24
_MAGIC = (0x377F0682, 0x377F0683)


def is_cut(path: Path) -> bool:
    """Whether commits are lost. Only before anything else opens the database."""
    start = _start(path)
    if start is None:
        return False
    if not _is_sound(start):
        return True
    try:
        return _is_behind(path, start)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False  # the database itself is damaged, which whoever opens it sees


def _is_sound(start: bytes) -> bool:
    magic, *numbers = struct.unpack(">8I", start)
    order = ">" if magic & 1 else "<"
    words = struct.unpack(f"{order}6I", start[:24])
    first = second = 0
    for one, two in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return magic in _MAGIC and [first, second] == numbers[-2:]


def _is_behind(path: Path, start: bytes) -> bool:
    """Whether there are commits behind the frame at which SQLite stops."""
    salt = start[16:24]
    page = struct.unpack(">I", start[8:12])[0]
    with Path(f"{path}-wal").open("rb") as file, closing(sqlite3.connect(path)) as database:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _, used, _ = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        file.seek(_HEADER + used * (_FRAME + page))
        while len(frame := file.read(_FRAME)) == _FRAME:
            # a frame of an earlier log in the same file has another salt, in both its halves
            if frame[4:8] != b"\0\0\0\0" and (frame[8:12] == salt[:4] or frame[12:16] == salt[4:]):
                return True
            file.seek(page, 1)
    return False


def _start(path: Path) -> bytes | None:
    try:
        with Path(f"{path}-wal").open("rb") as file:
            start = file.read(_HEADER)
    except FileNotFoundError:
        return None
    return start if len(start) == _HEADER else None
