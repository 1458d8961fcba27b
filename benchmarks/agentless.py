"""Machines sampled over SSH without an agent: what the service needs for it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from benchmarks.intake import settled_mb
from benchmarks.measure import Figure
from benchmarks.run_service import add_all
from tests.lab.sshd import fleet
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

HOSTS, FULL_HOSTS = 30, 100
INTERVAL_S = 10


def figures(full: bool = False) -> Iterator[Figure]:
    """The machines' own work is not counted: they are this machine, seen through a server each."""
    number = FULL_HOSTS if full else HOSTS
    with fleet(number) as hosts, tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data", env={"MIST_INVENTORY_INTERVAL_S": "3600"}).start()
        try:
            front = Front(service, service.sign_in(), [])
            add_all(service, front.token, hosts)
            machines = [item["id"] for item in front.done("GET", "/machines?limit=1000&refresh=true")["items"]]
            idle_mb, idle = settled_mb(service.pid), _share(service.pid, INTERVAL_S)
            began = time.monotonic()
            _sample_all(front, machines)
            took_s = time.monotonic() - began
            used = _share(service.pid, (6 if full else 2) * INTERVAL_S)
            used_mb, sent = settled_mb(service.pid), _sent(front)
        finally:
            service.stop()
    assert len(machines) == number
    assert sent == number, f"{sent} of {number} machines have sent anything lately"
    notes: dict[str, object] = {"enabled in": f"{took_s:.1f} s"}
    name = f"{number} machines sampled each {INTERVAL_S} s"
    share = f"{used * 100:.1f} % of a core"
    yield Figure(f"{name}, cores over idle", used - idle, 0.25, share, f"{idle * 100:.1f} %", notes=notes)
    yield Figure(f"{name}, MB over idle", used_mb - idle_mb, 100, f"{used_mb:.0f} MB", f"{idle_mb:.0f} MB")


def _sample_all(front: Front, machines: list[str]) -> None:
    """Until each has shown something."""

    def enable(machine: str) -> dict[str, Any]:
        request = {"agent": False, "interval_s": INTERVAL_S}
        job: dict[str, Any] = front.done("POST", f"/machines/{machine}/monitoring", request)
        return job

    with ThreadPoolExecutor(4) as threads:
        jobs = list(threads.map(enable, machines))
    for job in jobs:
        ended = front.finished(job)
        assert ended["state"] == "succeeded", ended["error"]
    eventually(lambda: _sent(front) == len(machines), 60, 1.0)


def _sent(front: Front) -> int:
    """How many machines show their load just now."""
    return sum(item["metrics"].get("load.shortterm") is not None for item in front.done("GET", "/monitoring")["items"])


def _share(pid: int, over_s: float) -> float:
    """How much of a core the process uses."""
    process = psutil.Process(pid)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(over_s)
    return float((sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began))
