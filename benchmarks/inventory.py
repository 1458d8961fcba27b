"""Reading five slow backends at once beside one of them alone: without machines, and with 500 each."""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import urllib3

from benchmarks.measure import Figure, ms
from tests.support.service import Service

DELAY_S = 0.3
BACKENDS = 5
MACHINES = 500
_VERSION = b'{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}'


class _SlowEngine(BaseHTTPRequestHandler):
    """A Docker Engine, each listing of which takes 300 ms."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    containers = b"[]"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.endswith("/containers/json"):
            time.sleep(DELAY_S)
            body = self.containers
        elif path.endswith("/version"):
            body = _VERSION
        else:
            body = b"OK" if path.endswith("/_ping") else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


class _FullEngine(_SlowEngine):
    """The same with 500 containers."""

    containers = json.dumps(
        [
            {
                "Id": f"{number:064x}",
                "Names": [f"/machine-{number}"],
                "State": "running",
                "Status": "Up 2 hours",
                "Image": "debian:12",
                "Command": "sleep infinity",
                "Created": 1_790_000_000 + number,
                "Labels": {"team": "bench"},
                "Ports": [{"PrivatePort": 22, "PublicPort": 20_000 + number, "Type": "tcp", "IP": "0.0.0.0"}],
                "NetworkSettings": {"Networks": {"bridge": {"IPAddress": f"172.17.{number // 250}.{number % 250}"}}},
            }
            for number in range(MACHINES)
        ]
    ).encode()


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 15 if full else 6
    for engine, label, limit in ((_SlowEngine, "slow", 1.3), (_FullEngine, f"slow {MACHINES}-machine", 2.0)):
        alone, together = _measured(engine, rounds)
        name = f"{BACKENDS} {label} backends : one of them alone"
        yield Figure(name, together / alone, limit, ms(together), ms(alone))


def _measured(kind: type[_SlowEngine], rounds: int) -> tuple[float, float]:
    engines = [ThreadingHTTPServer(("127.0.0.1", 0), kind) for _ in range(BACKENDS)]
    for engine in engines:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data").start()
        try:
            token = service.sign_in()
            ids = [_add(service, token, engine.server_port) for engine in engines]
            return _median(service, token, f"&backend={ids[0]}", rounds), _median(service, token, "", rounds)
        finally:
            service.stop()
            for engine in engines:
                engine.shutdown()


def _add(service: Service, token: str, port: int) -> str:
    settings = {"docker_host": "127.0.0.1", "docker_port": port}
    body = {"provider": "docker", "name": f"engine {port}", "settings": settings}
    status, answer = service.request("POST", "/backends", body, token)
    assert status == 201, answer
    return str(answer["id"])


def _median(service: Service, token: str, query: str, rounds: int) -> float:
    """Seconds of a listing of everything that has every backend read first."""
    pool = urllib3.PoolManager()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        url = f"{service.uri}/api/v1/machines?refresh=true&limit=10000{query}"
        answer = pool.request("GET", url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.data
        times.append(time.perf_counter() - started)
    return statistics.median(times)
