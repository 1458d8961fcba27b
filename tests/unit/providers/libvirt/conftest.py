"""The provider on libvirt's own simulated hypervisor, which needs no daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mistserver.providers.base import Account
from mistserver.providers.libvirt import Libvirt, link

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Libvirt]:
    """An open provider whose hypervisor has the one running guest `test`, a network and a pool, both `default...`."""

    def connect(account: Account, stack: ExitStack) -> Any:
        connection = libvirt.open("test:///default")
        stack.callback(connection.close)
        return connection

    monkeypatch.setattr(link, "connect", connect)
    provider = Libvirt(Account(settings=Libvirt.read_settings({"machine_hostname": "10.0.0.1", "machine_key": "k"})))
    provider.open()
    yield provider
    provider.close()
