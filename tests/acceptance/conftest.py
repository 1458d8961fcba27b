"""One world for the session; each test finds it arranged as the seed's examples expect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.arrange import arrange
from tests.acceptance.world import World
from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.support.service import Service


@pytest.fixture(scope="session")
def host(lab_key: KeyPair) -> Iterator[Sshd]:
    """An SSH server that the lab's key opens."""
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair) -> Path:
    """What the seed calls /home/user, with the files that its examples name."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".ssh").mkdir(mode=0o700)
    for name in (".ssh/mist_key", ".ssh/my_key", "azure.cert", "gce.key"):
        (folder / name).write_text(lab_key.private)
    for name in ("plugin.py", "random.py"):
        (folder / name).write_text(
            "import random\n\n\ndef read():\n    # return random value\n    return random.random()\n"
        )
    return folder


@pytest.fixture(scope="session")
def bare_world(
    tmp_path_factory: pytest.TempPathFactory,
    docker_engine: DockerHost,
    ec2_cloud: Ec2Service,
    host: Sshd,
    lab_key: KeyPair,
    home: Path,
) -> Iterator[World]:
    flags = ("--provider-endpoint", f"ec2={ec2_cloud.endpoint}", "--manage-this-host")
    service = Service(tmp_path_factory.mktemp("serve") / "data", flags=flags).start()
    try:
        yield World(service, docker_engine, ec2_cloud, host, lab_key, home)
    finally:
        service.stop()


@pytest.fixture
def world(bare_world: World) -> World:
    """The world with the seed's backends, keys and machines in place."""
    arrange(bare_world)
    return bare_world


@pytest.fixture
def empty_world(bare_world: World) -> World:
    """The world without any backend or key."""
    bare_world.forget_everything()
    return bare_world
