"""A real SSH server on loopback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mistserver.providers import registry
from mistserver.providers.base import Account, Provider
from tests.contract.providers.rig import Rig
from tests.lab.bridge import LabBridge, lab_bridge
from tests.lab.sshd import Sshd, key_pair, sshd


class BareMetalRig(Rig):
    id = "bare_metal"
    names = True
    ssh = True
    lists = ()

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        with sshd() as server:
            keys = {"good": server.private_key_pem, "wrong": key_pair().private}
            with lab_bridge(keys) as bridge, lab_bridge(keys, connect_timeout_s=1) as hasty:
                yield cls(server, bridge, hasty)

    def __init__(self, server: Sshd, bridge: LabBridge, hasty: LabBridge) -> None:
        self._server, self._bridge, self._hasty = server, bridge, hasty

    def account(self) -> Account:
        return self.patiently(self._server.port)

    def refused(self) -> Account:
        return self._account(self._bridge, port=self._server.port, key="wrong")

    def at(self, port: int) -> Account:
        return replace(self._account(self._hasty, port=port), timeout_s=1.0)

    def called(self, host: str) -> Account:
        return self._account(self._hasty, host=host)

    def patiently(self, port: int) -> Account:
        return self._account(self._bridge, port=port)

    def through(self, jump: int, port: int) -> Account:
        return self._account(self._bridge.through("127.0.0.1", jump, self._server.user, "good"), port=port)

    def server(self, **options: str) -> contextlib.AbstractContextManager[Sshd]:
        return sshd(key=self._server.key, options=options)

    def remember(self, server: Sshd, host_key: str) -> None:
        self._bridge.remember(server.host, server.port, host_key)

    def read(self, provider: Provider) -> None:
        """A server that does not answer is in the list all the same."""
        provider.check()

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection((self._server.host, self._server.port))

    def _account(self, bridge: LabBridge, host: str = "127.0.0.1", port: int = 22, key: str = "good") -> Account:
        given = {"machine_ip": host, "machine_port": port, "machine_user": self._server.user, "machine_key": key}
        return Account(settings=registry.load(self.id).read_settings(given), ssh=bridge)


RIG = BareMetalRig
