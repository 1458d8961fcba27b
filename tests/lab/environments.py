"""Python environments beside our own, for systems that cannot share it; kept in the lab's cache between sessions."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.kernel import cache_folder


def environment(name: str, requirements: Path) -> Path:
    """An environment with the pinned requirements, made when it is not there; skips where it cannot be made."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}-{wanted}"
    with alone(folder):
        if not folder.is_dir():
            part = folder.with_name(folder.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            install(part, requirements, name)
            part.rename(folder)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else is at it: not the other processes of a test session either."""
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(venv: Path, requirements: Path, what: str) -> None:
    """Makes the environment, or skips with the index's reason."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not installed: make install")
    for argv in (
        [uv, "venv", "--quiet", "--python", sys.executable, venv],
        [uv, "pip", "install", "--quiet", "--no-deps", f"--python={venv}", "-r", requirements],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.skip(f"{what} cannot be installed: {done.stderr.strip()[-300:]}")
