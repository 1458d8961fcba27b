"""The client against a miniature service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mistclient import MistClient
from tests.support import rest_records as records
from tests.support.rest_stub import TOKEN, RestStub, running


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RestStub]:
    for name in ("MIST_TOKEN", "MIST_EMAIL", "MIST_PASSWORD", "MIST_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with running() as stub:
        monkeypatch.setenv("MIST_URI", stub.uri)
        stub.backends.append(records.backend("NephoScale", "id-nepho", "nephoscale"))
        stub.machines.append(records.machine("dbserver1", "m5", "running"))
        stub.machines.append(records.machine("dev-box", "m6", "running"))
        yield stub


@pytest.fixture
def client(service: RestStub) -> Iterator[MistClient]:
    connected = MistClient(api_token=TOKEN)
    yield connected
    connected.close()
