"""One service at a time on one data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mistserver.domain.errors import Conflict, InvalidInput


class DataDirLock:
    """Held while the object lives; the kernel frees it when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InvalidInput(
                f"The data directory {data_dir} cannot be used: {error.strerror}. Give another --data-dir."
            ) from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise Conflict(
                f"Another mist service (process {holder}) already uses {data_dir}. Stop it, or give --data-dir.",
                data_dir=str(data_dir),
            ) from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._fd)
