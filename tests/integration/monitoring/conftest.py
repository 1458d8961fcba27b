"""One service, and real machines of three kinds to be monitored."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.debian import plain
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service


def named(front: Front, name: str) -> str:
    """The id of the machine with this name, once its backend has shown it."""

    def found() -> str:
        items = front.done("GET", "/machines?limit=1000&refresh=true")["items"]
        return next((str(item["id"]) for item in items if item["name"] == name), "")

    return eventually(found)


@pytest.fixture(scope="module")
def door(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("monitoring")
    service = Service(folder / "data", flags=("--manage-this-host",)).start()
    try:
        front = Front(service, service.sign_in(), [])
        front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
        yield front
    finally:
        service.stop()


@pytest.fixture(scope="module")
def host(front: Front, door: Sshd) -> str:
    """The id of a machine that SSH leads to."""
    settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
    front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
    return named(front, door.host)


@pytest.fixture(scope="module")
def container(front: Front, docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[str]:
    """The id of a container that its engine runs commands in."""
    import docker

    image = docker_engine.mini_image(lab_key.public)
    with contextlib.closing(docker.DockerClient(f"unix://{docker_engine.socket}")) as client:
        made = client.containers.run(image, name="measured", detach=True)
        try:
            settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
            front.done("POST", "/backends", {"name": "engine", "provider": "docker", "settings": settings})
            yield named(front, "measured")
        finally:
            made.remove(force=True)


@pytest.fixture
def debian(front: Front, docker_engine: DockerHost) -> Iterator[Any]:
    """A Debian without an init system, whose engine the service knows."""
    with plain(docker_engine, "debian") as made:
        if "mirrors" not in front.names("backends").values():
            settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
            front.done("POST", "/backends", {"name": "mirrors", "provider": "docker", "settings": settings})
        yield made


def told(container: Any, command: str) -> list[str]:
    code, said = container.exec_run(["sh", "-c", command])
    assert code == 0, said
    return sorted(said.decode().splitlines())
