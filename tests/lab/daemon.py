"""A daemon of the lab: started in the foreground, waited for, stopped by its pid, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# The whole family dies with the first process of a PID namespace, and its mounts with the mount namespace.
FENCE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


class Daemon:
    """One process. It is killed when the tests' own process dies, however that happens."""

    def __init__(
        self, argv: Sequence[str], log: Path, *, fenced: bool = False, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self.fenced = fenced
        died_with = ("setpriv", "--pdeathsig", "KILL" if fenced else "TERM", "--")
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*died_with, *(FENCE if fenced else ()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The pid of the daemon itself, as the host sees it."""
        if not self.fenced:
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else self.process.pid

    def wait_until(self, ready: Callable[[], object], timeout_s: float = 30.0) -> None:
        """Return when `ready()` is true; an error with the end of the log when the daemon dies or takes too long."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if ready():
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"{self.process.args!r} did not come up:\n{tail}")

    def stop(self, timeout_s: float = 20.0) -> None:
        """SIGTERM to the daemon, SIGKILL to what is left of it."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout_s)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
