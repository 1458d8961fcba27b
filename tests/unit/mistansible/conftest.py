"""The collection's own code, found as Ansible finds it, and a miniature service for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistansible.paths import ROOT
from tests.support.rest_stub import RestStub, running

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RestStub]:
    for name in ("MIST_TOKEN", "MIST_EMAIL", "MIST_PASSWORD", "MIST_CA_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with running() as stub:
        monkeypatch.setenv("MIST_URI", stub.uri)
        yield stub
