"""A real SSH server on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.bridge import LabBridge, lab_bridge
from tests.lab.sshd import Sshd, key_pair, sshd


class BareMetalRig(Rig):
    id = "bare_metal"
    network = False
    lists = ()

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        with sshd() as server, lab_bridge({"good": server.private_key_pem, "wrong": key_pair().private}) as bridge:
            yield cls(server, bridge)

    def __init__(self, server: Sshd, bridge: LabBridge) -> None:
        self._server, self._bridge = server, bridge

    def account(self) -> Account:
        given = {"machine_ip": self._server.host, "machine_port": self._server.port, "machine_user": self._server.user}
        settings = registry.load(self.id).read_settings({**given, "machine_key": "good"})
        return Account(settings=settings, ssh=self._bridge)

    def refused(self) -> Account:
        account = self.account()
        given = {name: getattr(account.settings, name) for name in account.settings.__struct_fields__}
        settings = registry.load(self.id).read_settings({**given, "machine_key": "wrong"})
        return replace(account, settings=settings)


RIG = BareMetalRig
