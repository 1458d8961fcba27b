"""A cloud in a file: machines carry the mark they were asked for with, and every call is counted."""

from __future__ import annotations

import fcntl
import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class FileCloud:
    """Not idempotent: asked twice for the same mark it makes two machines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def find(self, mark: str) -> str | None:
        """The id of the machine that carries a mark."""
        self._say({"call": "find", "mark": mark})
        return next((line["id"] for line in self.lines() if line.get("made") == mark), None)

    def create(self, mark: str) -> str:
        """Make a machine; the answer comes a little after it exists."""
        self._say({"call": "create", "mark": mark})
        time.sleep(random.uniform(0, 0.05))
        identity = f"i-{random.randrange(16**12):012x}"
        self._say({"made": mark, "id": identity})
        time.sleep(random.uniform(0, 0.05))
        return identity

    def call(self, name: str, mark: str, seconds: float = 0) -> None:
        """Anything else."""
        self._say({"call": name, "mark": mark})
        time.sleep(seconds)

    def lines(self) -> list[dict[str, Any]]:
        with self._path.open("rb") as file:
            return [json.loads(line) for line in file if line.endswith(b"\n")]

    def made(self) -> list[str]:
        """The mark of every machine."""
        return [line["made"] for line in self.lines() if "made" in line]

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("call") == name]

    def _say(self, line: dict[str, Any]) -> None:
        with self._locked() as descriptor:
            os.write(descriptor, json.dumps(line | {"pid": os.getpid()}).encode() + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)
