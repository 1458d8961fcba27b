"""The lab as fixtures: one of each system a session, started by the first test that asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.docker import DockerHost, docker_host
from tests.lab.libvirt import LibvirtHost, libvirt_host
from tests.lab.lxd import LxdHost, lxd_host
from tests.lab.mimic import Mimic, mimic
from tests.lab.moto import Ec2Service, ec2_service
from tests.lab.openstack import OpenStackCloud, openstack_cloud
from tests.lab.sshd import KeyPair, Sshd, key_pair, sshd
from tests.lab.vcenter import VCenter, vcenter


@pytest.fixture(scope="session")
def lab_folder() -> Iterator[Path]:
    """A short path that others may traverse: unix sockets have at most 107 characters, guests run as another user."""
    folder = Path(tempfile.mkdtemp(prefix="mlab"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def docker_engine(lab_folder: Path) -> Iterator[DockerHost]:
    folder = lab_folder / "docker"
    folder.mkdir(mode=0o700)
    with docker_host(folder) as host:
        yield host


@pytest.fixture(scope="session")
def lab_key() -> KeyPair:
    """The key that opens every machine of the lab."""
    return key_pair()


@pytest.fixture(scope="session")
def libvirt_hypervisor(lab_folder: Path, lab_key: KeyPair) -> Iterator[LibvirtHost]:
    folder = lab_folder / "libvirt"
    folder.mkdir(mode=0o711)
    with libvirt_host(folder, lab_key.public) as host:
        yield host


@pytest.fixture(scope="session")
def libvirt_door(lab_key: KeyPair) -> Iterator[Sshd]:
    """The SSH server of the hypervisor, which the lab's key opens for root."""
    with sshd(key=lab_key, user="root") as server:
        yield server


@pytest.fixture(scope="session")
def lxd_server(lab_folder: Path, lab_key: KeyPair) -> Iterator[LxdHost]:
    folder = lab_folder / "lxd"
    folder.mkdir(mode=0o711)
    with lxd_host(folder, lab_key.public) as host:
        yield host


@pytest.fixture(scope="session")
def vcenter_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenter]:
    with vcenter(tmp_path_factory.mktemp("vcenter")) as center:
        yield center


@pytest.fixture(scope="session")
def mimic_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mimic]:
    with mimic(tmp_path_factory.mktemp("mimic")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def ec2_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ec2Service]:
    with ec2_service(tmp_path_factory.mktemp("moto")) as service:
        yield service


@pytest.fixture(scope="session")
def real_openstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackCloud]:
    with openstack_cloud(tmp_path_factory.mktemp("openstack")) as cloud:
        yield cloud
