"""A point on its way: from the answer to its post until a client that watches has it."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

from benchmarks.intake import Sender, enabled
from benchmarks.measure import Figure, ms
from tests.lab.waiting import eventually
from tests.support.service import Service

METRIC = "benchmark.live"
PATH = "/api/v1/intake/collectd"


def figures(full: bool = False) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name) / "data", flags=("--manage-this-host",)).start()
        try:
            took = _watched(service, 25 if full else 12)
        finally:
            service.stop()
    worst = max(took)
    yield Figure("a point on the wire after its acknowledgement, s at worst", worst, 2.0, ms(worst), "2 s")


def _watched(service: Service, points: int) -> list[float]:
    """Seconds of each point; posts come at no special moment of the service's."""
    token = service.sign_in()
    found = eventually(lambda: service.request("GET", "/machines?refresh=true", token=token)[1]["items"])
    machine = found[0]["id"]
    sender = enabled(service, token, machine)
    link = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    _post(link, sender, int(time.time()) - 60, -1)
    address = f"{service.uri}/api/v1/machines/{machine}/stats/stream?metric={METRIC}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    arrived: SimpleQueue[tuple[float, float]] = SimpleQueue()
    stream = urllib.request.urlopen(request, timeout=30)

    def listen() -> None:  # until the service ends it
        for line in stream:
            if line.startswith(b"data:"):
                for value, _ in json.loads(line[5:])[METRIC]:
                    arrived.put((value, time.perf_counter()))

    threading.Thread(target=listen, daemon=True).start()
    first, took = int(time.time()) // 10 * 10, []
    for n in range(points):
        acknowledged = _post(link, sender, first + 10 * (n + 1), n)
        value, at = arrived.get(timeout=30)
        assert value == n
        took.append(max(0.0, at - acknowledged))
        time.sleep(0.07 * (n % 7))
    return took


def _post(link: http.client.HTTPConnection, sender: Sender, second: int, value: float) -> float:
    """When it was acknowledged."""
    value_list = {"values": [value], "dstypes": ["gauge"], "dsnames": ["value"], "time": second, "interval": 10}
    names = {"host": "h", "plugin": "benchmark", "plugin_instance": "", "type": "live", "type_instance": ""}
    link.request("POST", PATH, json.dumps([value_list | names]), {"Authorization": sender[1]})
    answer = link.getresponse()
    answer.read()
    assert answer.status == 204
    return time.perf_counter()
