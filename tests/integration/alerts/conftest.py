"""A service with a real machine that it samples, and receivers on loopback."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mistcli.main import main
from tests.lab.receivers import Mailbox, Webhook, mailbox, webhook
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

Mist = Callable[..., Any]


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
