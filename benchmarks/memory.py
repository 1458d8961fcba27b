"""Memory of the service after it has read and listed 10 000 machines, over what it needs when idle."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.measure import Figure
from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.support.service import Service

MACHINES = 10_000
ORDERS = ("name", "created_at:desc", "name")  # each is an answer of its own


def figures(full: bool = False) -> Iterator[Figure]:
    """The cloud is a stand-in that speaks over HTTP in pages, so decoding and writing are part of it."""
    rounds = 3 if full else 1
    with DigitalOceanCloud() as cloud:
        cloud.fill(MACHINES)
        pairs = [_round(cloud) for _ in range(rounds)]
    idle, after = statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)
    yield Figure(
        f"MB over idle after listing {MACHINES} machines", after - idle, 60, f"{after:.0f} MB", f"{idle:.0f} MB"
    )


def _round(cloud: DigitalOceanCloud) -> tuple[float, float]:
    """MB of the process tree before it knows any backend, and after it has listed all machines several times."""
    with tempfile.TemporaryDirectory() as folder:
        times = {"MIST_REFRESH_WAIT_S": "60", "MIST_INVENTORY_TIMEOUT_S": "60", "MIST_INVENTORY_INTERVAL_S": "3600"}
        service = Service(Path(folder) / "data", env=times).start()
        try:
            token = service.sign_in()
            idle = _settled_mb(service.pid)
            body = {"provider": "digitalocean", "endpoint": cloud.url, "settings": {"token": TOKEN}}
            status, answer = service.request("POST", "/backends", body, token)
            assert status == 201, answer
            for order in ORDERS:
                query = f"/machines?limit={MACHINES}&refresh=true&sort={order}"
                status, answer = service.request("GET", query, token=token)
                assert (status, len(answer["items"])) == (200, MACHINES)
            return idle, _settled_mb(service.pid)
        finally:
            service.stop()


def _settled_mb(pid: int) -> float:
    """The lowest of some looks over two seconds."""
    found = []
    for _ in range(10):
        time.sleep(0.2)
        process = psutil.Process(pid)
        found.append(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6)
    return min(found)
