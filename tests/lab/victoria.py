"""VictoriaMetrics of our own: private directory, loopback only, stopped by its process id."""

from __future__ import annotations

import shutil
import signal
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tests.lab.daemon import Daemon, free_port

PROGRAMS = ("victoria-metrics", "victoria-metrics-prod")


def find() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def missing() -> str | None:
    """Why there can be none here, or None."""
    return None if find() else "VictoriaMetrics is not installed (apt-get install victoria-metrics)"


class Victoria:
    """One server, which keeps its port and its data when it is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._daemon = self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def kill(self) -> None:
        """SIGKILL: what a crash leaves."""
        self._daemon.process.send_signal(signal.SIGKILL)
        self._daemon.process.wait(20)

    def start(self) -> None:
        self._daemon = self._start()

    def empty(self) -> None:
        """Delete every series."""
        query = urllib.parse.urlencode({"match[]": '{__name__!=""}'})
        request = urllib.request.Request(f"{self.url}/api/v1/admin/tsdb/delete_series?{query}", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def merge(self) -> None:
        """Put everything on the disk, merged as far as it will be."""
        for path in ("/internal/force_flush", "/internal/force_merge"):
            with urllib.request.urlopen(self.url + path, timeout=60):
                pass
        sizes = [-1, -2]  # it merges on when it has answered
        while len(set(sizes[-4:])) > 1:
            sizes.append(self.stored_bytes())
            time.sleep(0.25)

    def stored_bytes(self) -> int:
        """What samples take on the disk."""
        return sum(path.stat().st_size for path in (self._folder / "data" / "data").rglob("*.bin") if path.exists())

    def stop(self) -> None:
        self._daemon.stop()

    def _start(self) -> Daemon:
        program = find()
        assert program is not None
        options = (
            f"-storageDataPath={self._folder / 'data'}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=256MB",
            "-search.latencyOffset=0s",
            "-search.disableCache",
        )
        daemon = Daemon([program, *options], self._folder / "victoria.log")
        daemon.wait_until(self._ready)
        return daemon

    def _ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
            return bool(answer.status == 200)
