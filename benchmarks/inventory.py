"""Reading five slow backends at once beside the slowest of them alone."""

from __future__ import annotations

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


class _SlowEngine(BaseHTTPRequestHandler):
    """A Docker Engine without containers, each listing of which takes 300 ms."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.endswith("/containers/json"):
            time.sleep(DELAY_S)
            body = b"[]"
        elif path.endswith("/version"):
            body = b'{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"}'
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


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 15 if full else 6
    engines = [ThreadingHTTPServer(("127.0.0.1", 0), _SlowEngine) for _ in range(5)]
    for engine in engines:
        threading.Thread(target=engine.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data").start()
        try:
            token = service.sign_in()
            ids = [_add(service, token, engine.server_port) for engine in engines]
            alone = _median(service, token, f"&backend={ids[0]}", rounds)
            together = _median(service, token, "", rounds)
        finally:
            service.stop()
            for engine in engines:
                engine.shutdown()
    yield Figure("five slow backends : the slowest alone", together / alone, 1.3, ms(together), ms(alone))


def _add(service: Service, token: str, port: int) -> str:
    settings = {"docker_host": "127.0.0.1", "docker_port": port}
    body = {"provider": "docker", "name": f"engine {port}", "settings": settings}
    status, answer = service.request("POST", "/backends", body, token)
    assert status == 201, answer
    return str(answer["id"])


def _median(service: Service, token: str, query: str, rounds: int) -> float:
    pool = urllib3.PoolManager()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        url = f"{service.uri}/api/v1/machines?refresh=true{query}"
        answer = pool.request("GET", url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.data
        times.append(time.perf_counter() - started)
    return statistics.median(times)
