"""Files that are not what was written: how that is told from trouble with the disk, and what can still be had."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\0" + (4096).to_bytes(2, "big")
_JOURNALS = (b"\1\1", b"\2\2")  # of one kind or the other
# a full disk, a lack of memory or a file in use say nothing about what a file holds
_SYSTEM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
}


TROUBLE = (sqlite3.Error, UnicodeDecodeError)  # the latter when SQLite's own message quotes what is damaged


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is wrong; `error` is one of TROUBLE."""
    if isinstance(error, UnicodeDecodeError):
        return True
    if isinstance(error, sqlite3.ProgrammingError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF not in _SYSTEM


def header_is_sound(path: Path) -> bool:
    """Whether a file begins as ours do; one that is empty or not there is fine."""
    try:
        with path.open("rb") as file:
            start = file.read(24)
    except FileNotFoundError:
        return True
    return not start or (start[:18] == _MAGIC and start[18:20] in _JOURNALS)


def is_whole(path: Path) -> bool:
    """Whether everything in a file is in its place (reads all of it)."""
    if not header_is_sound(path):
        return False
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            return database.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)  # type: ignore[no-any-return]
    except TROUBLE as error:
        if is_damage(error):
            return False
        raise


def rows_left(path: Path, table: str, columns: int) -> list[tuple[Any, ...]]:
    """What can be read of a table in a damaged file: from its begin to the damage, and from its end."""
    found: dict[int, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                query = f"SELECT rowid, * FROM {table} NOT INDEXED ORDER BY rowid {order}"  # noqa: S608 - ours
                for rowid, *row in database.execute(query):
                    if len(row) == columns:
                        found.setdefault(rowid, tuple(row))
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            log.debug("%s cannot be read further: %s", path.name, error)
    return [found[rowid] for rowid in sorted(found)]


def put_aside(path: Path) -> Path:
    """Give a damaged file another name, with what belongs to it; the name. An older one of that name goes."""
    aside = path.with_name(path.name + ".damaged")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.replace(aside)
    return aside


def remove(path: Path) -> None:
    """A file of SQLite and what belongs to it."""
    for each in (path, *(Path(f"{path}{ending}") for ending in ("-wal", "-shm", "-journal"))):
        each.unlink(missing_ok=True)
