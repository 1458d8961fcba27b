"""Posts of collectd through the service, beside a handler that only parses them; and the memory of 100 machines."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from benchmarks.measure import Figure
from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.daemon import Daemon, answers, free_port
from tests.support.service import Service

MACHINES, SERIES = 100, 100
Sender = tuple[str, str]  # a machine, and its authorization


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 60 if full else 15
    with DigitalOceanCloud() as cloud, tempfile.TemporaryDirectory() as name:
        cloud.fill(MACHINES)
        folder = Path(name)
        service = Service(folder / "data", env={"MIST_INVENTORY_INTERVAL_S": "3600"}).start()
        floor_port = free_port()
        floor = Daemon([sys.executable, "-m", "benchmarks.parse_only", str(floor_port)], folder / "floor.log")
        try:
            floor.wait_until(lambda: answers("127.0.0.1", floor_port))
            senders = _senders(service, cloud)
            idle = _mb(service.pid)
            ours = asyncio.run(_posted(service.port, service.pid, senders, rounds))
            least = asyncio.run(_posted(floor_port, floor.pid, senders, rounds))
            used = _mb(service.pid)
        finally:
            floor.stop()
            service.stop()
    per_s = (f"{ours:.0f} samples a CPU second", f"{least:.0f}")
    yield Figure("HTTP intake : a handler that only parses", ours / least, 0.5, *per_s, at_least=True)
    yield Figure("MB over idle with 100 machines of 100 series", used - idle, 60, f"{used:.0f} MB", f"{idle:.0f} MB")


def _senders(service: Service, cloud: DigitalOceanCloud) -> list[Sender]:
    token = service.sign_in()
    body = {"provider": "digitalocean", "endpoint": cloud.url, "settings": {"token": TOKEN}}
    status, answer = service.request("POST", "/backends", body, token)
    assert status == 201, answer
    _, answer = service.request("GET", "/machines?limit=1000&refresh=true", token=token)

    def enabled(machine: str) -> Sender:
        status, made = service.request("POST", f"/machines/{machine}/monitoring", {"by_hand": True}, token)
        assert status < 300, made
        found = re.search(r'Password "([^"]+)"', made["commands"])
        assert found is not None
        return machine, "Basic " + base64.b64encode(f"{machine}:{found[1]}".encode()).decode()

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(enabled, [item["id"] for item in answer["items"]][:MACHINES]))


async def _posted(port: int, pid: int, senders: list[Sender], rounds: int) -> float:
    """Samples a second of the process' CPU, over held connections."""
    first = int(time.time()) - 10 * rounds
    process = psutil.Process(pid)
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in senders]
    before = sum(process.cpu_times()[:2])
    for n in range(rounds):
        body = _body(first + 10 * n, n)
        await asyncio.gather(*(_post(link, sender, body) for link, sender in zip(links, senders, strict=True)))
    used = sum(process.cpu_times()[:2]) - before
    for _, writer in links:
        writer.close()
        await writer.wait_closed()
    return rounds * len(senders) * SERIES / used


def _body(second: int, n: int) -> bytes:
    lists = [
        {
            "values": [n * 1.5 + k],
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


def _mb(pid: int) -> float:
    """The lowest of some looks over two seconds."""
    found = []
    for _ in range(10):
        time.sleep(0.2)
        process = psutil.Process(pid)
        found.append(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6)
    return min(found)
