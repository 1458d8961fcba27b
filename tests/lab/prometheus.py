"""Prometheus of our own as a store: private directory, loopback only, stopped by its process id."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

from tests.lab.daemon import Daemon, free_port

_QUIET = "global:\n  scrape_interval: 1h\n"


def missing() -> str | None:
    """Why there can be none here, or None."""
    return None if shutil.which("prometheus") else "Prometheus is not installed (apt-get install prometheus)"


class Prometheus:
    """One server that takes remote writes and scrapes nothing."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "prometheus"
        self._data.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(_QUIET)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        program = shutil.which("prometheus")
        assert program is not None
        options = (
            f"--config.file={config}",
            f"--storage.tsdb.path={self._data}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
            "--log.level=warn",
        )
        self._daemon = Daemon([program, *options], folder / "prometheus.log")
        self._daemon.wait_until(self._ready)

    @property
    def pid(self) -> int:
        return self._daemon.pid

    def snapshot(self) -> Path:
        """Everything that it holds, as files packed as far as they will be."""
        request = urllib.request.Request(f"{self.url}/api/v1/admin/tsdb/snapshot", method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return self._data / "snapshots" / str(json.load(answer)["data"]["name"])

    def stop(self) -> None:
        self._daemon.stop()

    def _ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
