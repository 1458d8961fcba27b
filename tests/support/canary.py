"""Looking for secrets: in every form in which they may have been written down, in files, and among processes."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil
from cryptography.hazmat.primitives import serialization

LOOK_EVERY_S = 0.02


def forms(secret: bytes) -> dict[str, bytes]:
    """A secret as it may have been written down, by the name of the form."""
    text = secret.decode("latin-1")
    found = {"plain": secret, "hex": secret.hex().encode(), "url": urllib.parse.quote(secret).encode()}
    found["json"] = json.dumps(text)[1:-1].encode()
    for lead in range(3):  # as part of a longer text, a secret begins anywhere within a group of base64
        whole = base64.b64encode(b"\0" * lead + secret)
        inner = whole[4 if lead else 0 : len(whole) // 4 * 4 - 4]
        found[f"base64 +{lead}"] = inner
        found[f"base64url +{lead}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    return found


def of_private_key(pem: str) -> list[bytes]:
    """What must not be seen of a private key: the middle of its text, and the number itself."""
    loads = serialization.load_ssh_private_key if "OPENSSH" in pem else serialization.load_pem_private_key
    key = loads(pem.encode(), None)
    lines = pem.strip().splitlines()[1:-1]
    last = lines[-2] if len(lines) > 2 else lines[-1]
    if hasattr(key, "private_bytes_raw"):
        return [last.encode(), key.private_bytes_raw()]
    number = key.private_numbers().private_value  # type: ignore[union-attr]  # elliptic curve
    return [last.encode(), number.to_bytes(32, "big")]


def found(secrets: Mapping[str, Iterable[bytes]], places: Mapping[str, bytes]) -> list[tuple[str, str, str]]:
    """Which secret (by name) is in which place in which form."""
    return [
        (name, place, form)
        for name, parts in secrets.items()
        for part in parts
        for form, written in forms(part).items()
        for place, content in places.items()
        if written in content
    ]


def files(folder: Path) -> dict[str, bytes]:
    """What is in every file below a folder now; sockets and what vanishes meanwhile are left out."""
    kept = {}
    for path in folder.rglob("*"):
        try:
            kept[str(path)] = path.read_bytes() if path.is_file() else b""
        except OSError:
            continue
    return kept


def archive(path: Path) -> dict[str, bytes]:
    """The parts of a ZIP file, unpacked."""
    with zipfile.ZipFile(path) as parts:
        return {f"{path.name}: {name}": parts.read(name) for name in parts.namelist()}


class ProcessWatch(threading.Thread):
    """Collects the command lines of all processes, and the environments of what one process starts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._seen: set[str] = set()

    def __enter__(self) -> ProcessWatch:
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._over.set()
        self.join()

    @property
    def seen(self) -> dict[str, bytes]:
        """What was seen, each under a name of its own."""
        return {f"a process: {text[:40]!r}...": text.encode() for text in self._seen}

    def run(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    self._seen.add((folder / "cmdline").read_text(errors="replace"))
                except OSError:
                    continue
            self._look_at_children()

    def _look_at_children(self) -> None:
        try:
            for child in self._root.children(recursive=True):
                told = child.cmdline()[:3]
                self._seen.update(f"{told} has {name}={value}" for name, value in child.environ().items())
        except (psutil.Error, OSError):
            return
