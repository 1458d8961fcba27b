"""One service with a cloud, an engine and an SSH server behind it, and somebody who plays playbooks on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.support.playbooks import Player
from tests.support.service import EMAIL, PASSWORD, Service


@dataclass(frozen=True)
class Site:
    """What plays talk of. `image` is one whose containers the lab's key opens."""

    service: Service
    token: str
    cloud: DigitalOceanCloud
    docker: DockerHost
    image: str
    door: Sshd
    key: KeyPair

    def ask(self, method: str, path: str, body: object = None) -> object:
        status, answer = self.service.request(method, path, body, self.token)
        assert status < 300, answer
        return answer


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[Site]:
    with DigitalOceanCloud() as cloud, sshd(key=lab_key) as door:
        flags = ("--provider-endpoint", f"digitalocean={cloud.url}", "--manage-this-host")
        service = Service(tmp_path_factory.mktemp("ansible") / "data", flags=flags).start()
        try:
            image = docker_engine.mini_image(lab_key.public)
            yield Site(service, service.sign_in(), cloud, docker_engine, image, door, lab_key)
        finally:
            service.stop()


@pytest.fixture
def player(site: Site, tmp_path: Path) -> Player:
    """Somebody with a token in the environment."""
    return Player(tmp_path, {"MIST_URI": site.service.uri, "MIST_TOKEN": site.token})


@pytest.fixture(scope="module")
def module_player(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Player:
    """The same, for the one run that a module's tests look at."""
    env = {"MIST_URI": site.service.uri, "MIST_TOKEN": site.token}
    return Player(tmp_path_factory.mktemp("player"), env)


@pytest.fixture(scope="session")
def digitalocean() -> dict[str, str]:
    """What adds the cloud."""
    return {"provider": "digitalocean", "token": TOKEN}


__all__ = ["EMAIL", "PASSWORD"]
