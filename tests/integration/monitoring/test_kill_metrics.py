"""kill -9 of the service while a machine posts: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import random
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.embedded.flushing import samples_of
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

GATE, FULL = 5, 50
POSTS = 1000
NAMES = ("shortterm", "midterm", "longterm")


def body(second: int, n: int) -> bytes:
    """What collectd posts of a load; the value tells which post it was."""
    values = [float(n), n + 0.25, n + 0.5]
    value_list = {"values": values, "dstypes": ["gauge"] * 3, "dsnames": list(NAMES), "time": second + 0.5}
    return json.dumps([{**value_list, "interval": 1, "host": "h", "plugin": "load", "type": "load"}]).encode()


class Sender(threading.Thread):
    """Posts one after the other; each again until it is acknowledged, as a machine does that has a queue."""

    def __init__(self, port: int, user: str, password: str, first: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        self._first = first
        self.acknowledged = 0
        self.again = 0
        self.refused: list[int] = []

    def run(self) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            self._post_all(connection)

    def _post_all(self, connection: http.client.HTTPConnection) -> None:
        while self.acknowledged < POSTS and not self.refused:
            n = self.acknowledged
            try:
                connection.request("POST", "/api/v1/intake/collectd", body(self._first + n, n), self._headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self.again += 1
                time.sleep(0.01)
                continue
            if answer.status == 204:
                self.acknowledged += 1
            elif answer.status != 503:
                self.refused.append(answer.status)


def enabled(service: Service) -> tuple[str, str]:
    """A machine that may send, and its password."""
    front = Front(service, service.sign_in(), [])
    items = eventually(lambda: front.done("GET", "/machines?refresh=true")["items"])
    made = front.done("POST", f"/machines/{items[0]['id']}/monitoring", {"by_hand": True})
    found = re.search(r'Password "([^"]+)"', made["commands"])
    assert found is not None
    return str(items[0]["id"]), found[1]


async def kept(folder: Path, machine: str) -> dict[str, list[tuple[int, float]]]:
    """Every sample of the machine's series, from files and from memory."""
    store = EmbeddedStore(folder)
    try:
        found = {}
        for name, slot in store._state.slots(machine).items():
            row = store._state.head.row(slot)
            pairs = list(zip(row.times.tolist(), row.values.tolist(), strict=True))
            if stored := store._state.raw.read([slot], 0, 2**32):
                times, values = samples_of(stored)
                pairs = [*zip(times.tolist(), values.tolist(), strict=True), *pairs]
            found[name] = pairs
        return found
    finally:
        await store.close()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [GATE, pytest.param(FULL, marks=pytest.mark.full)])
async def test_what_was_acknowledged_survives_kill_9_and_nothing_is_doubled(tmp_path: Path, kills: int) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    moments = sorted(dice.sample(range(1, POSTS), kills))
    service = Service(tmp_path / "data", flags=("--manage-this-host",)).start()
    try:
        machine, password = enabled(service)
        first = int(time.time()) - POSTS - 60
        sender = Sender(service.port, machine, password, first)
        sender.start()
        for moment in moments:
            eventually(lambda at=moment: sender.acknowledged >= at or sender.refused, timeout_s=120, every_s=0.001)
            time.sleep(dice.uniform(0, 0.005))
            service.kill()
            service.start()
        sender.join(120)
    finally:
        service.stop()

    print(f"seed {seed}: {kills} kills, {sender.again} posts were sent again")
    assert (sender.acknowledged, sender.refused) == (POSTS, [])
    found: dict[str, Any] = await kept(service.data_dir / "metrics", machine)
    for add, name in zip((0, 0.25, 0.5), NAMES, strict=True):
        assert found[f"load.{name}"] == [(first + n, n + add) for n in range(POSTS)]
