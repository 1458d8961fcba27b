"""A private libvirt with QEMU, over SSH and over TCP."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from mistserver.domain.errors import ProviderNotFound
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider
from tests.contract.providers.rig import Rig
from tests.lab.bridge import LabBridge, lab_bridge
from tests.lab.libvirt import LibvirtHost
from tests.lab.sshd import KeyPair, Sshd, key_pair


class LibvirtRig(Rig):
    id = "libvirt"
    unknown = "00000000-0000-4000-8000-000000000000"
    names = True
    refusals = {"unknown image": ProviderNotFound}
    create_needle = bytes.fromhex("20008086 00000001 00000009")  # a call of libvirt's protocol: start a guest

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        host: LibvirtHost = request.getfixturevalue("libvirt_hypervisor")
        door: Sshd = request.getfixturevalue("libvirt_door")
        key: KeyPair = request.getfixturevalue("lab_key")
        keys = {"good": key.private, "wrong": key_pair().private}
        with lab_bridge(keys) as bridge, host.button_image("button.img") as image:
            yield cls(host, f"lab/{image.name}", door, bridge)

    def __init__(self, host: LibvirtHost, image: str, door: Sshd, bridge: LabBridge) -> None:
        self._host, self._image, self._door, self._bridge = host, image, door, bridge

    def _account(self, timeout_s: float = 20.0, **given: object) -> Account:
        settings = registry.load(self.id).read_settings({"virt_type": "qemu", **given})
        return Account(settings=settings, timeout_s=timeout_s, ssh=self._bridge)

    def _over_ssh(self, key: str) -> Account:
        way = {"machine_hostname": self._door.host, "ssh_port": self._door.port, "socket": str(self._host.socket)}
        return self._account(**way, machine_key=key)

    def account(self) -> Account:
        return self._over_ssh("good")

    def refused(self) -> Account:
        return self._over_ssh("wrong")

    def at(self, port: int) -> Account:
        return self._account(1.0, machine_hostname="127.0.0.1", tcp_port=port)

    def called(self, host: str) -> Account:
        return self._account(1.0, machine_hostname=host, tcp_port=self._host.tcp_port)

    @contextlib.contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """There is no such volume."""
        image, self._image = self._image, "lab/nothing-is-called-that.img"
        try:
            yield
        finally:
            self._image = image

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._host.tcp_port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image, size="1-64")

    def heeds(self, provider: Provider, external_id: str) -> bool:
        return self._host.heeds_button(external_id)


RIG = LibvirtRig
