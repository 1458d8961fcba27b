"""Ways to a provider that are not straight: jump hosts, forwarded sockets, proxies that ask for a password."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.providers.base import Account
from mistserver.providers.docker import Docker
from mistserver.providers.ec2 import Ec2
from tests.lab.bridge import LabBridge, lab_bridge
from tests.lab.docker import DockerHost
from tests.lab.faults import answering
from tests.lab.moto import Ec2Service
from tests.lab.sshd import KeyPair, key_pair, sshd


class Jump:
    """A jump host whose far end is always the same port of loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asked: list[tuple[str, int]] = []
        self.open = 0

    @contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        self.asked.append((host, port))
        self.open += 1
        yield "127.0.0.1", self._port
        self.open -= 1

    def run(self, *_: Any) -> Any:
        raise AssertionError("nothing is run")

    forward_socket = run


def test_ec2_is_reached_through_a_jump_host(ec2_cloud: Ec2Service) -> None:
    settings = Ec2.read_settings({"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret})
    jump = Jump(ec2_cloud.port)
    provider = Ec2(Account(settings=settings, region="ec2_eu_west", endpoint="http://ec2.invalid:8773", ssh=jump))
    provider.open()
    provider.check()
    provider.close()
    assert jump.asked == [("ec2.invalid", 8773)]
    assert jump.open == 0


def test_docker_is_reached_through_a_jump_host_and_its_certificate_still_checked(docker_engine: DockerHost) -> None:
    pair, jump = docker_engine.client, Jump(docker_engine.tls_port)
    tls = {"ca_file": docker_engine.ca_pem, "key_file": pair.private, "cert_file": pair.certificate}
    provider = Docker(Account(settings=Docker.read_settings({"docker_host": "localhost", **tls}), ssh=jump))
    provider.open()
    assert provider.list_networks()
    provider.close()
    assert jump.asked == [("localhost", 4243)]
    other = Docker(Account(settings=Docker.read_settings({"docker_host": "other.invalid", **tls}), ssh=jump))
    with pytest.raises(errors.ProviderUnreachable, match="is not trusted"):
        other.open()
    assert jump.open == 0


@pytest.fixture
def door(lab_key: KeyPair) -> Iterator[tuple[LabBridge, str]]:
    with sshd(key=lab_key, user="root") as server, lab_bridge({"good": lab_key.private}) as bridge:
        yield bridge, f"ssh://root@{server.host}:{server.port}"


def test_docker_is_reached_over_ssh(docker_engine: DockerHost, door: tuple[LabBridge, str]) -> None:
    bridge, url = door
    image = docker_engine.mini_image(key_pair().public, "lab/over:ssh")
    settings = Docker.read_settings({"docker_host": f"{url}{docker_engine.socket}", "ssh_key": "good"})
    provider = Docker(Account(settings=settings, ssh=bridge))
    provider.open()
    assert image in [each.id for each in provider.list_images()]
    provider.close()


def test_without_a_certificate_docker_refuses_and_says_so(docker_engine: DockerHost) -> None:
    given = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tls_port, "ca_file": docker_engine.ca_pem}
    with pytest.raises(errors.ProviderAuthFailed, match="client certificate"):
        Docker(Account(settings=Docker.read_settings(given))).open()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_has_no_say_in_whom_to_trust(
    docker_engine: DockerHost, monkeypatch: pytest.MonkeyPatch, variable: str, tmp_path: Any
) -> None:
    (tmp_path / "ca.pem").write_text(docker_engine.ca_pem)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    given = {"docker_host": f"https://127.0.0.1:{docker_engine.tls_port}"}
    with pytest.raises(errors.ProviderUnreachable, match="is not trusted"):
        Docker(Account(settings=Docker.read_settings(given))).open()


def test_a_password_is_sent_to_the_docker_host_and_shown_nowhere() -> None:
    given = {"docker_host": "127.0.0.1", "auth_user": "u", "auth_password": "canary"}
    with answering(401, b"no", "text/plain") as port:
        settings = Docker.read_settings({**given, "docker_port": port})
        with pytest.raises(errors.ProviderAuthFailed) as caught:
            Docker(Account(settings=settings)).open()
    assert "canary" not in str(caught.value) + repr(caught.value.facts) + repr(settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Docker.read_settings({**given, "docker_port": listener.getsockname()[1]})
        with pytest.raises(errors.ProviderTimeout):
            Docker(Account(settings=settings, timeout_s=1)).open()
        line, _ = listener.accept()
        with line:
            assert base64.b64encode(b"u:canary") in line.recv(65536)
