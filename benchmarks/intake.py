"""Posts of collectd through the service, beside a handler that only parses them; and the memory of 100 machines."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from benchmarks.measure import Figure
from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.daemon import Daemon, answers, free_port
from tests.support.service import Service

MACHINES, SERIES = 100, 100
STEP_S = 10
POSTS, FULL_POSTS = 61, 201  # of each machine; the latter are more than a row of the head has room for
TURNS = 10  # in which both are measured by turns
IDLE_S = 3.0
Sender = tuple[str, str]  # a machine, and its authorization


def figures(full: bool = False) -> Iterator[Figure]:
    posts = FULL_POSTS if full else POSTS
    with DigitalOceanCloud() as cloud, tempfile.TemporaryDirectory() as name:
        cloud.fill(MACHINES)
        folder = Path(name)
        service = Service(folder / "data", env={"MIST_INVENTORY_INTERVAL_S": "3600"}).start()
        floor_port = free_port()
        floor = Daemon([sys.executable, "-m", "benchmarks.parse_only", str(floor_port)], folder / "floor.log")
        try:
            floor.wait_until(lambda: answers("127.0.0.1", floor_port))
            senders = _senders(service, cloud)
            idle_mb = settled_mb(service.pid)
            first = int(time.time()) - STEP_S * (posts + 1)
            both = (Target(service.port, service.pid), Target(floor_port, floor.pid))
            for target in both:  # what is loaded for the first of them is no post's
                asyncio.run(target.take(senders, range(first, first + 1)))
            idle = both[0].idle()
            for begin in range(1, posts, posts // TURNS):
                seconds = range(first + STEP_S * begin, first + STEP_S * (begin + posts // TURNS), STEP_S)
                for target in both:
                    asyncio.run(target.take(senders, seconds))
            used_mb = settled_mb(service.pid)
        finally:
            floor.stop()
            service.stop()
    ours, least = both[0].per_s(idle), both[1].per_s()
    per_s = (f"{ours:.0f} samples a CPU second", f"{least:.0f}")
    notes: dict[str, object] = {"the service without posts": f"{idle * 100:.1f} % of a core, not counted"}
    yield Figure("HTTP intake : a handler that only parses", ours / least, 0.5, *per_s, at_least=True, notes=notes)
    more = used_mb - idle_mb
    yield Figure("MB over idle with 100 machines of 100 series", more, 60, f"{used_mb:.0f} MB", f"{idle_mb:.0f} MB")


class Target:
    """A process that takes posts."""

    def __init__(self, port: int, pid: int) -> None:
        self._port = port
        self._process = psutil.Process(pid)
        self._samples, self._cpu_s, self._wall_s = 0, 0.0, 0.0

    def per_s(self, idle: float = 0.0) -> float:
        """Samples a second of its processor, without what it needs anyway."""
        return self._samples / (self._cpu_s - idle * self._wall_s)

    def idle(self) -> float:
        """How much of a core it needs when nothing comes; what it has taken so far counts no more."""
        self._samples, self._cpu_s, self._wall_s = 0, 0.0, 0.0
        before = self._used_s()
        time.sleep(IDLE_S)
        return (self._used_s() - before) / IDLE_S

    async def take(self, senders: Sequence[Sender], seconds: Iterable[int]) -> None:
        """Every sender posts once for each second, over a connection that it keeps."""
        links = [await asyncio.open_connection("127.0.0.1", self._port) for _ in senders]
        before, began = self._used_s(), time.monotonic()
        for second in seconds:
            body = _body(second)
            await asyncio.gather(*(_post(link, sender, body) for link, sender in zip(links, senders, strict=True)))
            self._samples += len(senders) * SERIES
        self._cpu_s += self._used_s() - before
        self._wall_s += time.monotonic() - began
        for _, writer in links:
            writer.close()
            await writer.wait_closed()

    def _used_s(self) -> float:
        return float(sum(self._process.cpu_times()[:2]))


def _senders(service: Service, cloud: DigitalOceanCloud) -> list[Sender]:
    token = service.sign_in()
    body = {"provider": "digitalocean", "endpoint": cloud.url, "settings": {"token": TOKEN}}
    status, answer = service.request("POST", "/backends", body, token)
    assert status == 201, answer
    _, answer = service.request("GET", "/machines?limit=1000&refresh=true", token=token)

    with ThreadPoolExecutor(4) as threads:
        ids = [item["id"] for item in answer["items"]][:MACHINES]
        return list(threads.map(lambda machine: enabled(service, token, machine), ids))


def enabled(service: Service, token: str, machine: str) -> Sender:
    """A machine that may post."""
    status, made = service.request("POST", f"/machines/{machine}/monitoring", {"by_hand": True}, token)
    assert status < 300, made
    found = re.search(r'Password "([^"]+)"', made["commands"])
    assert found is not None
    return machine, "Basic " + base64.b64encode(f"{machine}:{found[1]}".encode()).decode()


def _body(second: int) -> bytes:
    lists = [
        {
            "values": [second % 977 * 1.5 + k],
            "dstypes": ["gauge"],
            "dsnames": ["value"],
            "time": second + 0.125,
            "interval": 10.0,
            "host": "machine",
            "plugin": "benchmark",
            "plugin_instance": "",
            "type": "gauge",
            "type_instance": f"series-{k}",
        }
        for k in range(SERIES)
    ]
    return json.dumps(lists).encode()


async def _post(link: tuple[asyncio.StreamReader, asyncio.StreamWriter], sender: Sender, body: bytes) -> None:
    reader, writer = link
    head = f"POST /api/v1/intake/collectd HTTP/1.1\r\nHost: mist\r\nAuthorization: {sender[1]}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204"), answer


def settled_mb(pid: int) -> float:
    """The lowest of some looks over two seconds."""
    found = []
    for _ in range(10):
        time.sleep(0.2)
        process = psutil.Process(pid)
        found.append(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6)
    return min(found)
