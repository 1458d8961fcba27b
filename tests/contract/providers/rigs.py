"""The rigs: each built provider on a real system."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider
from tests.contract.providers.rig import Rig
from tests.lab.bridge import LabBridge
from tests.lab.docker import DockerHost
from tests.lab.libvirt import LibvirtHost
from tests.lab.moto import Ec2Service
from tests.lab.sshd import Sshd


class BareMetalRig(Rig):
    id = "bare_metal"

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


class LocalhostRig(Rig):
    id = "localhost"

    def account(self) -> Account:
        return Account(settings=registry.load(self.id).read_settings({}))

    @contextlib.contextmanager
    def shell(self) -> Iterator[str]:
        yield "localhost"


class DockerRig(Rig):
    id = "docker"
    over_http = True
    create_needle = b"/containers/create"

    def __init__(self, host: DockerHost, image: str) -> None:
        self._host, self._image = host, image

    def _account(self, timeout_s: float = 20.0, **given: object) -> Account:
        return Account(settings=registry.load(self.id).read_settings(given), timeout_s=timeout_s)

    def account(self) -> Account:
        pair = self._host.client
        tls = {"ca_file": self._host.ca_pem, "key_file": pair.private, "cert_file": pair.certificate}
        return self._account(docker_host="127.0.0.1", docker_port=self._host.tls_port, **tls)

    def refused(self) -> Account:
        return self._account(docker_host="127.0.0.1", docker_port=self._host.tls_port, ca_file=self._host.ca_pem)

    def at(self, port: int) -> Account:
        return self._account(1.0, docker_host="127.0.0.1", docker_port=port)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._host.tcp_port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image)

    @contextlib.contextmanager
    def shell(self) -> Iterator[str]:
        with self.opened() as provider:
            machine = provider.create(self.spec(f"shell-{secrets.token_hex(3)}", secrets.token_hex(8)))
            try:
                yield machine.external_id
            finally:
                provider.destroy(machine.external_id)


class Ec2Rig(Rig):
    id = "ec2"
    unknown = "i-00000000000000000"
    over_http = True
    create_needle = b"Action=RunInstances"

    def __init__(self, service: Ec2Service, image: str) -> None:
        self._service, self._image = service, image

    def _account(self, port: int, secret: str, timeout_s: float) -> Account:
        settings = registry.load(self.id).read_settings({"api_key": self._service.api_key, "api_secret": secret})
        endpoint = f"http://127.0.0.1:{port}"
        return Account(settings=settings, region="ec2_eu_west", endpoint=endpoint, timeout_s=timeout_s)

    def account(self) -> Account:
        return self._account(self._service.port, self._service.api_secret, 20.0)

    def refused(self) -> Account:
        return self._account(self._service.port, "not the secret", 20.0)

    def at(self, port: int) -> Account:
        return self._account(port, self._service.api_secret, 1.0)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._service.port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image, size="m1.small", location="0")


class LibvirtRig(Rig):
    id = "libvirt"
    unknown = "00000000-0000-4000-8000-000000000000"
    create_needle = bytes.fromhex("20008086 00000001 00000009")  # a call of libvirt's protocol: start a guest

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

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._host.tcp_port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image, size="1-64")

    def heeds(self, provider: Provider, external_id: str) -> bool:
        return self._host.heeds_button(external_id)
