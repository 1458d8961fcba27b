"""The files of the built console, read when they are asked for: the service keeps none in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mistserver.domain.encodings import allowed

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
_NAME = re.compile(r"(assets/)?[A-Za-z0-9_-][A-Za-z0-9_.-]*\Z")  # no folder but one, no way out, nothing hidden
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))  # the best first; the build writes them beside the files


@dataclass(frozen=True)
class File:
    """`encoding` is empty for the file as it is. The names of assets change with their content."""

    body: bytes
    kind: str
    encoding: str
    is_asset: bool

    @property
    def etag(self) -> str:
        return f'"{sha256(self.body).hexdigest()[:32]}"'


def is_there(folder: Path = STATIC) -> bool:
    """Whether the console was built into this installation."""
    return (folder / INDEX).is_file()


def find(name: str, accepted: str = "", folder: Path = STATIC) -> File | None:
    """The file of that name in the smallest form that `accepted`, an Accept-Encoding header, allows; None without."""
    kind = _KINDS.get(Path(name).suffix)
    if kind is None or not _NAME.match(name):
        return None
    path = folder / name
    taken = allowed(accepted)
    for encoding, ending in _ENCODINGS:
        if encoding in taken and (body := _read(path.with_name(path.name + ending))) is not None:
            return File(body, kind, encoding, name.startswith("assets/"))
    body = _read(path)
    return None if body is None else File(body, kind, "", name.startswith("assets/"))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
