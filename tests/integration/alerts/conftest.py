"""A service with a machine that sends what a test says, and receivers on loopback."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mistcli.main import main
from tests.lab.receivers import Mailbox, Webhook, mailbox, webhook
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

Mist = Callable[..., Any]


class Poster:
    """Stands where a machine's collectd stands: posts its load once a second, whatever becomes of it."""

    def __init__(self, front: Front, machine_id: str) -> None:
        made = front.done("POST", f"/machines/{machine_id}/monitoring", {"by_hand": True})
        found = re.search(r'Password "([^"]+)"', made["commands"])
        assert found is not None
        self.load = 1.0
        self._front = front
        self._sign = base64.b64encode(f"{machine_id}:{found[1]}".encode()).decode()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(1.0):
            try:
                self._post()
            except (urllib.error.URLError, OSError):
                continue  # the service is down, as collectd would find it

    def _post(self) -> None:
        sample = {
            "values": [self.load, self.load, self.load],
            "dstypes": ["gauge"] * 3,
            "dsnames": ["shortterm", "midterm", "longterm"],
            "time": time.time(),
            "interval": 1.0,
            "host": "lab",
            "plugin": "load",
            "type": "load",
        }
        request = urllib.request.Request(
            f"{self._front.service.uri}/api/v1/intake/collectd",
            json.dumps([sample]).encode(),
            {"Authorization": f"Basic {self._sign}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):
            pass


@contextmanager
def posting(front: Front, machine_id: str) -> Iterator[Poster]:
    poster = Poster(front, machine_id)
    try:
        yield poster
    finally:
        poster.stop()


@pytest.fixture(scope="module")
def door(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair) -> Iterator[Front]:
    service = Service(tmp_path_factory.mktemp("alerts") / "data").start()
    try:
        front = Front(service, service.sign_in(), [])
        front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
        yield front
    finally:
        service.stop()


@pytest.fixture(scope="module")
def machine(front: Front, door: Sshd) -> dict[str, Any]:
    """A machine that SSH leads to."""
    settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
    front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
    items: list[dict[str, Any]] = eventually(lambda: front.done("GET", "/machines?refresh=true")["items"])
    return items[0]


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


@pytest.fixture
def mist(front: Front, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mist:
    """A command of `mist`, and what it told a program."""
    monkeypatch.setenv("MIST_URI", front.service.uri)
    monkeypatch.setenv("MIST_TOKEN", front.token)

    def run(*words: str) -> Any:
        code = main([*words, "-o", "json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out)

    return run
