"""One service for all tests that only send it what nobody should send."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.sshd import KeyPair, Sshd, key_pair, sshd
from tests.support import hostile
from tests.support.front import PASSPHRASE, TIMEOUT_S, WRONG, Front
from tests.support.service import Service


@pytest.fixture(scope="package")
def door(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="package")
def front(tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair) -> Iterator[Front]:
    hostile.CANARY.unlink(missing_ok=True)
    env = {"MIST_PROVIDER_TIMEOUT_S": str(TIMEOUT_S), "MIST_SSH_CONNECT_TIMEOUT_S": str(TIMEOUT_S - 1)}
    service = Service(tmp_path_factory.mktemp("bad-input") / "data", env=env).start()
    try:
        front = Front(service, service.sign_in(), [WRONG, PASSPHRASE, lab_key.private.splitlines()[2]])
        front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
        front.done("POST", "/keys", {"name": "other", "private": key_pair().private})
        yield front
    finally:
        service.stop()
    assert not hostile.CANARY.exists()
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert [line for line in lines if line["level"] == "error"] == []
    assert not [secret for secret in (WRONG, PASSPHRASE) if secret in service.log.read_text()]
