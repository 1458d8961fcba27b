"""Debian's cloud kernel for guests: an installed one, or one downloaded with apt into a cache and never installed."""

from __future__ import annotations

import io
import lzma
import os
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "linux-image-cloud-amd64"
MODULES = (
    "virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover", "net_failover",
    "virtio_net", "virtio_blk", "cdrom", "isofs", "button", "evdev",
)  # fmt: skip


@dataclass(frozen=True)
class Kernel:
    """`modules` maps a module's name to the loadable file."""

    image: Path
    modules: dict[str, bytes]


def cache_folder() -> Path:
    """Where the lab keeps what is slow to make: `MIST_LAB_CACHE`, else below the user's cache."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mist-lab"
    folder = Path(os.environ.get("MIST_LAB_CACHE", default))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def find_kernel() -> Kernel | None:
    """The newest cloud kernel of the cache or of this machine; None when it has neither and apt cannot bring one."""
    cached = cache_folder() / "kernel"
    return _load(cached) or _load(Path("/")) or _download(cached)


def _load(base: Path) -> Kernel | None:
    for image in sorted((base / "boot").glob("vmlinuz-*-cloud-amd64"), reverse=True):
        folder = base / "lib/modules" / image.name.removeprefix("vmlinuz-")
        found = {_name(path): path for path in folder.rglob("*.ko*") if _name(path) in MODULES}
        if set(found) == set(MODULES) and os.access(image, os.R_OK):
            return Kernel(image, {name: _plain(found[name]) for name in MODULES})
    return None


def _download(into: Path) -> Kernel | None:
    with tempfile.TemporaryDirectory() as scratch:
        depends = _output(["apt-cache", "depends", PACKAGE], scratch)
        real = re.search(r"Depends: (linux-image-\S+)", depends.decode())
        if real is None:
            return None
        _output(["apt-get", "download", real[1]], scratch)
        for package in Path(scratch).glob("*.deb"):
            _unpack(_output(["dpkg-deb", "--fsys-tarfile", str(package)], scratch), into)
    return _load(into)


def _unpack(archive: bytes, into: Path) -> None:
    """The kernel and the few modules, the kernel last: its presence says that all is there."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        wanted = [m for m in members if m.isfile() and (_name(Path(m.name)) in MODULES or "/boot/vmlinuz-" in m.name)]
        for member in sorted(wanted, key=lambda m: "/boot/" in m.name):
            members.extract(member, into, filter="data")


def _output(argv: list[str], folder: str) -> bytes:
    try:
        return subprocess.run(argv, cwd=folder, capture_output=True, check=False, timeout=180).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""


def _name(path: Path) -> str:
    return re.sub(r"\.ko(\.xz)?$", "", path.name).replace("-", "_")


def _plain(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


if __name__ == "__main__":
    kernel = find_kernel()
    print(kernel.image if kernel else f"{PACKAGE} cannot be had; tests with guests will be skipped")
