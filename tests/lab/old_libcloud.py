"""Recorded answers of vendors that libcloud no longer carries: those of its release 3.7.0.

The release is brought by pip into the lab's cache, beside the environment and never into it, and speaks from a process
of its own, since two libclouds cannot live in one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import requests

from tests.lab.kernel import cache_folder
from tests.lab.stand_in import Reply, Request

REQUIREMENT = "apache-libcloud==3.7.0 --hash=sha256:027a9aff2c01db9c8e6f9f94b6eb44b3153d82702c42bfbe7af5624dabf1f950\n"
ROOT = Path(__file__).parents[2]


class OldRecorded:
    """As `recorded.Recorded`, for a `MockHttp` class of the old release; skips where the release cannot be had."""

    def __init__(self, module: str, name: str, kind: str | None = None) -> None:
        self._arguments = [module, name, *([kind] if kind else [])]

    def __enter__(self) -> OldRecorded:
        release = _release()
        if release is None:
            pytest.skip("apache-libcloud 3.7.0 is neither in the lab's cache nor can pip bring it")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.recorded", *self._arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{release}{os.pathsep}{ROOT}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline()
        assert port.strip().isdecimal(), "the recordings of libcloud 3.7.0 did not start"
        self.url = f"http://127.0.0.1:{int(port)}"
        return self

    def __exit__(self, *reason: object) -> None:
        self._process.communicate()


def forwarded(request: Request, url: str) -> Reply:
    """What the recordings at `url` answer, for a stand-in that adds what they lack."""
    target = request.path + ("?" + "&".join(f"{name}={value}" for name, value in request.query.items()))
    found = requests.request(request.method, url + target, data=request.body, timeout=20)
    return Reply(found.status_code, found.content)


def _release() -> Path | None:
    """The folder that the release is unpacked in. Its name appears when all is there."""
    folder = cache_folder() / "apache-libcloud-3.7.0"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text(REQUIREMENT)
        bring = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
        into = Path(scratch) / "release"
        try:
            done = subprocess.run(
                [*bring, "--require-hashes", "-r", str(wanted), "--target", str(into)],
                capture_output=True,
                timeout=180,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode == 0 and not folder.exists():
            into.rename(folder)
    return folder if folder.is_dir() else None
