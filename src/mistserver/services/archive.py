"""The file of a backup: a ZIP with one part of JSON lines per table, and last a manifest with the hash of each part.

What is read may come from anybody: a part is known by its exact name, nothing is ever unpacked to a path, no line and
no file grows without bound, and nothing is believed before the manifest's numbers and hashes agree with the content.
"""

from __future__ import annotations

import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from mistserver.domain.errors import AlreadyExists, InvalidInput, MistError, Unavailable

FORMAT = "mist backup 1"
MANIFEST = "manifest.json"
LONGEST_MANIFEST = 1024 * 1024
LONGEST_LINE = 64 * 1024 * 1024
FREE_SIZE = 1024**3  # a backup may unpack to this size, or else to MOST_TIMES its own
MOST_TIMES = 200
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, KeyError)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table."""

    table: str
    columns: list[str]
    rows: int
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup is. `key_ids` are the master keys that its secrets are sealed by, the present one first."""

    format: str
    version: str
    revision: str
    database: str
    created_at: datetime
    key_ids: list[str]
    key_note: str
    parts: list[Part]


class ArchiveWriter:
    """Writes parts one after the other, each as it is read, and the manifest at the end."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.parts: list[Part] = []

    def part(self, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        digest, count, size = sha256(), 0, 0
        encoder, buffer = msgspec.json.Encoder(), bytearray()
        with self._file.open(part_name(table), "w", force_zip64=True) as sink:
            for row in rows:
                encoder.encode_into(row, buffer)
                buffer += b"\n"
                digest.update(buffer)
                count, size = count + 1, size + len(buffer)
                sink.write(buffer)
        self.parts.append(Part(table=table, columns=columns, rows=count, size_bytes=size, sha256=digest.hexdigest()))

    def manifest(self, manifest: Manifest) -> None:
        self._file.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))


@contextmanager
def create(path: Path) -> Iterator[ArchiveWriter]:
    """A new archive, for its owner only, that gets its name when it is whole and on the disk."""
    if path.exists():
        raise AlreadyExists(f"The file {path} exists already; give another name.", path=str(path))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as file:
                yield ArchiveWriter(file)
            raw.flush()
            os.fsync(raw.fileno())
        temporary.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"The backup {path} could not be written: {error.strerror}.", path=str(path)) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


class ArchiveReader:
    """Reads an archive whose names and sizes have been found in order."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self._path = path
        self._file = file
        self.manifest = _read_manifest(path, file)
        _check_names(path, file, self.manifest)

    def rows(self, part: Part) -> Iterator[list[Any]]:
        """The rows of a part, one at a time; raises, at the latest after the last, when they are not the promised."""
        digest, count, size = sha256(), 0, 0
        decoder = msgspec.json.Decoder(list)
        with _damage_named(self._path), self._file.open(part_name(part.table)) as source:
            while line := source.readline(LONGEST_LINE):
                digest.update(line)
                count, size = count + 1, size + len(line)
                if not line.endswith(b"\n") or size > part.size_bytes:
                    raise damaged(self._path, f"its part {part.table} is not what its manifest says")
                row: list[Any] = decoder.decode(line)
                yield row
        if (count, size, digest.hexdigest()) != (part.rows, part.size_bytes, part.sha256):
            raise damaged(self._path, f"its part {part.table} is not what its manifest says")


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveReader]:
    """An archive to read; InvalidInput when it is none, or a damaged or hostile one."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"The backup {path} cannot be read: {error.strerror}.") from None
    with raw:
        with _damage_named(path):
            file = zipfile.ZipFile(raw)
        with file:
            with _damage_named(path):
                reader = ArchiveReader(path, file)
            yield reader


def part_name(table: str) -> str:
    return f"{table}.jsonl"


def damaged(path: Path, why: str) -> InvalidInput:
    """The error for a file that cannot be trusted."""
    return InvalidInput(f"{path} is not a whole backup of Mist: {why}. Nothing was restored; take another copy.")


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except MistError:
        raise
    except msgspec.DecodeError:
        raise damaged(path, "it holds what is not JSON of the expected shape") from None
    except (*_DAMAGE, OSError) as error:
        raise damaged(path, f"it cannot be unpacked ({type(error).__name__})") from None


def _read_manifest(path: Path, file: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in file.namelist():
        raise damaged(path, f"it holds no {MANIFEST}")
    with file.open(MANIFEST) as source:
        text = source.read(LONGEST_MANIFEST + 1)
    if len(text) > LONGEST_MANIFEST:
        raise damaged(path, f"its {MANIFEST} is too long")
    kind = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("format", msgspec.Raw(b'""'))
    if msgspec.json.decode(kind) != FORMAT:
        raise damaged(path, f"its format is not '{FORMAT}'")
    return msgspec.json.decode(text, type=Manifest)


def _check_names(path: Path, file: zipfile.ZipFile, manifest: Manifest) -> None:
    names = sorted(info.filename for info in file.infolist())
    promised = sorted([MANIFEST, *(part_name(part.table) for part in manifest.parts)])
    if names != promised:
        raise damaged(path, "it holds other parts than its manifest names")
    sizes = {part_name(part.table): part.size_bytes for part in manifest.parts}
    if any(info.file_size != sizes[info.filename] for info in file.infolist() if info.filename != MANIFEST):
        raise damaged(path, "a part has another size than its manifest names")
    if sum(sizes.values()) > max(FREE_SIZE, MOST_TIMES * path.stat().st_size):
        raise damaged(path, "it would unpack to far more than a backup of its size can hold")
