"""Each built provider in turn, on its real system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistserver.providers import registry
from tests.contract.providers.rig import Rig
from tests.contract.providers.rigs import BareMetalRig, DockerRig, Ec2Rig, LibvirtRig, LocalhostRig
from tests.lab.bridge import lab_bridge
from tests.lab.docker import DockerHost
from tests.lab.libvirt import LibvirtHost
from tests.lab.moto import Ec2Service, client
from tests.lab.sshd import KeyPair, Sshd, key_pair, sshd


@pytest.fixture(scope="session")
def bare_metal_rig() -> Iterator[Rig]:
    with sshd() as server, lab_bridge({"good": server.private_key_pem, "wrong": key_pair().private}) as bridge:
        yield BareMetalRig(server, bridge)


@pytest.fixture(scope="session")
def localhost_rig() -> Rig:
    return LocalhostRig()


@pytest.fixture(scope="session")
def docker_rig(docker_engine: DockerHost, lab_key: KeyPair) -> Rig:
    return DockerRig(docker_engine, docker_engine.mini_image(lab_key.public))


@pytest.fixture(scope="session")
def ec2_rig(ec2_cloud: Ec2Service) -> Rig:
    images = client(ec2_cloud, "eu-west-1").describe_images()["Images"]
    linux = [image["ImageId"] for image in images if not image.get("Platform")]
    return Ec2Rig(ec2_cloud, sorted(linux)[0])


@pytest.fixture(scope="session")
def libvirt_rig(libvirt_hypervisor: LibvirtHost, libvirt_door: Sshd, lab_key: KeyPair) -> Iterator[Rig]:
    keys = {"good": lab_key.private, "wrong": key_pair().private}
    with lab_bridge(keys) as bridge, libvirt_hypervisor.button_image("button.img") as image:
        yield LibvirtRig(libvirt_hypervisor, f"lab/{image.name}", libvirt_door, bridge)


@pytest.fixture(scope="session", params=[row.id for row in registry.rows() if row.module])
def rig(request: pytest.FixtureRequest) -> Rig:
    found: Rig = request.getfixturevalue(f"{request.param}_rig")
    return found
