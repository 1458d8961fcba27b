"""A service with a real machine that it samples, and receivers on loopback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mistcli.main import main
from mistserver.domain.ids import new_id
from tests.lab.receivers import Mailbox, Webhook, mailbox, webhook
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

Mist = Callable[..., Any]
# how many of the processes that carry a mark want a processor, whether or not they get one
WANTING = """
import os

def state(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/stat") as numbers:
        return numbers.read().rpartition(")")[2].split()[0] if b"MARK" in words.read() else ""

def read():
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += state(pid) == "R"
        except OSError:
            pass
    return found
"""


class Load:
    """A process that wants a processor all the time, on and off; the metric `metric` of a machine shows it."""

    def __init__(self) -> None:
        self.mark = f"burns-{new_id()}"
        self.metric = "mist.python.burning"
        self._process: subprocess.Popen[bytes] | None = None

    def measured(self, front: Front, machine_id: str) -> None:
        """Have it measured there once a second, without an agent."""
        asked = {"agent": False, "interval_s": 1}
        job = front.finished(front.done("POST", f"/machines/{machine_id}/monitoring", asked))
        assert job["state"] == "succeeded", job["error"]
        plugin = {"name": "burning", "code": WANTING.replace("MARK", self.mark)}
        job = front.finished(front.done("POST", f"/machines/{machine_id}/plugins", plugin))
        assert job["state"] == "succeeded", job["error"]

    def begin(self) -> None:
        burns = f"import os; os.nice(19)  # {self.mark}\nwhile True: pass"
        self._process = subprocess.Popen([sys.executable, "-c", burns])

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


@contextmanager
def loading() -> Iterator[Load]:
    load = Load()
    try:
        yield load
    finally:
        load.end()


def counted(service: Service, name: str) -> dict[str, float]:
    """What the service counts about itself under a name, by label; without any under an empty one."""
    with urllib.request.urlopen(f"{service.uri}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.findall(rf'^{name}(?:{{\w+="(\w+)"}})? (\S+)$', text, re.MULTILINE)
    return {label: float(value) for label, value in found}


def messages_waiting(service: Service) -> int:
    return int(counted(service, "mist_alert_messages_waiting")[""])


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
