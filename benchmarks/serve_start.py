"""Start and size of the service: time to the first answer, time to ready beside importing the libraries, memory."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.measure import Figure, command, ms, seconds
from tests.support.service import Service

LIBRARIES = "import litestar, uvicorn, msgspec, sqlalchemy, dbos, asyncssh, argon2, cryptography, prometheus_client"
CLOUD_SDKS = ("boto3", "docker", "libvirt")


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 7 if full else 3
    health, ready, imports, memory = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        Service(data_dir).start().stop()  # the first start makes the tables and the key
        for _ in range(rounds):
            imports.append(seconds(command([sys.executable, "-c", LIBRARIES])))
            service = Service(data_dir)
            started = time.perf_counter()
            service.start(wait=False)
            service.wait_ready("/healthz")
            health.append(time.perf_counter() - started)
            service.wait_ready("/readyz")
            ready.append(time.perf_counter() - started)
            time.sleep(2)
            memory.append(_tree_bytes(service.pid) / 1e6)
            loaded = _loaded(service.pid)
            service.stop()
    floor = statistics.median(imports)
    yield Figure("seconds to /healthz", statistics.median(health), 1.5, ms(statistics.median(health)), "1.5 s")
    yield Figure(
        "/readyz : importing the libraries",
        statistics.median(ready) / floor,
        1.5,
        ms(statistics.median(ready)),
        ms(floor),
    )
    yield Figure(
        "idle MB of the process tree", statistics.median(memory), 150, f"{statistics.median(memory):.0f} MB", "150 MB"
    )
    yield Figure("cloud libraries loaded at start", len(loaded), 0, ", ".join(loaded) or "none", "none")


def _tree_bytes(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(member.memory_info().rss for member in (process, *process.children(recursive=True)))


def _loaded(pid: int) -> list[str]:
    """Cloud libraries whose compiled parts or data the process has mapped or opened."""
    mapped = Path(f"/proc/{pid}/maps").read_text()
    return [name for name in CLOUD_SDKS if f"/{name}" in mapped]
