"""A private Docker Engine."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from mistserver.domain.errors import ProviderNotFound, ProviderRateLimited
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.docker import DockerHost
from tests.lab.faults import answering
from tests.lab.sshd import KeyPair

# why -> status, code and words of the registry's answer
REFUSALS = {
    "unknown image": (404, "MANIFEST_UNKNOWN", "manifest unknown"),
    "too often": (429, "TOOMANYREQUESTS", "You have reached your pull rate limit."),
}


class DockerRig(Rig):
    id = "docker"
    http = True
    endpoints = True
    lists = ("images", "networks")
    create_needle = b"/containers/create"
    refusals = {"unknown image": ProviderNotFound, "too often": ProviderRateLimited}

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        engine: DockerHost = request.getfixturevalue("docker_engine")
        key: KeyPair = request.getfixturevalue("lab_key")
        yield cls(engine, engine.mini_image(key.public))

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

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        parts = urlsplit(url)
        tls = {"ca_file": ca_pem} if ca_pem else {}
        return self._account(1.0, docker_host=f"{parts.scheme}://{parts.hostname}", docker_port=parts.port, **tls)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._host.tcp_port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image)

    @contextlib.contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """The engine has to fetch the image from a registry that refuses."""
        status, code, words = REFUSALS[why]
        body = json.dumps({"errors": [{"code": code, "message": words}]}).encode()
        image = self._image
        with answering(status, body, "application/json") as port:
            self._image = f"127.0.0.1:{port}/lab/none:1"
            try:
                yield
            finally:
                self._image = image

    @contextlib.contextmanager
    def shell(self) -> Iterator[str]:
        with self.opened() as provider:
            machine = provider.create(self.spec(f"shell-{secrets.token_hex(3)}", secrets.token_hex(8)))
            try:
                yield machine.external_id
            finally:
                provider.destroy(machine.external_id)


RIG = DockerRig
