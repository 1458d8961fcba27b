"""The libvirt provider on a real hypervisor with a real guest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.libvirt import Libvirt
from mistserver.providers.libvirt.identity import guest_uuid, volume_prefix
from tests.lab.bridge import LabBridge, lab_bridge
from tests.lab.libvirt import LibvirtHost
from tests.lab.sshd import KeyPair, Sshd, key_pair
from tests.lab.waiting import eventually


@pytest.fixture(scope="module")
def guest_key() -> KeyPair:
    return key_pair()


@pytest.fixture(scope="module")
def bridge(lab_key: KeyPair, guest_key: KeyPair) -> Iterator[LabBridge]:
    with lab_bridge({"lab": lab_key.private, "guest": guest_key.private}) as made:
        yield made


Ways = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def ways(libvirt_hypervisor: LibvirtHost, libvirt_door: Sshd) -> Ways:
    """The settings of a backend, by the way it takes."""
    ssh = {"machine_hostname": libvirt_door.host, "ssh_port": libvirt_door.port, "machine_key": "lab"}
    return {
        "socket": {"machine_hostname": str(libvirt_hypervisor.socket)},
        "tcp": {"machine_hostname": "127.0.0.1", "tcp_port": libvirt_hypervisor.tcp_port},
        "ssh": {**ssh, "socket": str(libvirt_hypervisor.socket)},
    }


@contextmanager
def opened(settings: dict[str, Any], bridge: LabBridge) -> Iterator[Libvirt]:
    known = Libvirt.read_settings({"virt_type": "qemu", **settings})
    provider = Libvirt(Account(settings=known, ssh=bridge, timeout_s=20))
    try:
        provider.open()
        yield provider
    finally:
        provider.close()


@pytest.mark.parametrize("way", ["socket", "tcp", "ssh"])
def test_the_hypervisor_answers_on_every_way(way: str, ways: Ways, bridge: LabBridge) -> None:
    with opened(ways[way], bridge) as provider:
        provider.check()
        assert provider.list_machines()[0].extra["hypervisor"] is True
        assert [network.id for network in provider.list_networks()] == ["lab"]


def test_a_socket_that_is_not_there_is_named(ways: Ways, bridge: LabBridge) -> None:
    with (
        pytest.raises(errors.ProviderUnreachable, match="/run/none"),
        opened({**ways["ssh"], "socket": "/run/none"}, bridge),
    ):
        pass


def test_a_key_that_the_hypervisor_does_not_know_is_refused(ways: Ways, bridge: LabBridge) -> None:
    with pytest.raises(errors.ProviderAuthFailed), opened({**ways["ssh"], "machine_key": "guest"}, bridge):
        pass


@pytest.mark.full
def test_a_guest_is_made_reached_stopped_started_and_destroyed(
    libvirt_hypervisor: LibvirtHost, ways: Ways, bridge: LabBridge, guest_key: KeyPair
) -> None:
    spec = MachineSpec(
        name="web-1",
        mark="a-guest-that-boots",
        image=str(libvirt_hypervisor.kernel),
        size="1-256",
        public_key=guest_key.public,
        extra={"initrd": str(libvirt_hypervisor.initrd), "cmdline": "console=ttyS0 quiet"},
    )
    with opened(ways["ssh"], bridge) as provider:
        id = provider.create(spec).external_id
        assert provider.create(spec).external_id == id

        address = eventually(lambda: _read(provider, id).private_ips, 120)[0]
        assert address.startswith(libvirt_hypervisor.subnet)
        assert eventually(lambda: _hostname(bridge, address), 120) == b"web-1\n"

        provider.stop(id)
        eventually(lambda: _read(provider, id).state is MachineState.STOPPED, 60)
        provider.resize(id, "2-300")
        provider.start(id)
        assert (_read(provider, id).state, _read(provider, id).size) == (MachineState.RUNNING, "2-300")

        provider.destroy(id)
        assert provider.read_machine(id) is None
    assert list(libvirt_hypervisor.images.glob("mist-*")) == []


def test_a_guest_boots_from_a_disk_backed_by_its_image_and_takes_the_disk_along(
    libvirt_hypervisor: LibvirtHost, ways: Ways, bridge: LabBridge, image: Path
) -> None:
    spec = MachineSpec(name="disk-1", mark="a-guest-with-a-disk", image=f"lab/{image.name}", size="1-64-2")
    leftover = libvirt_hypervisor.images / f"{volume_prefix(guest_uuid(spec.mark))}disk.qcow2"
    leftover.write_bytes(b"of a create that was cut off")
    with opened(ways["tcp"], bridge) as provider:
        assert f"lab/{image.name}" in [found.id for found in provider.list_images()]
        made = provider.create(spec)
        eventually(lambda: libvirt_hypervisor.heeds_button(made.external_id), 60)
        provider.stop(made.external_id)
        eventually(lambda: _read(provider, made.external_id).state is MachineState.STOPPED, 60)
        shown = {found.id.rpartition("-")[2]: found.star for found in provider.list_images("all")}
        assert (shown["disk.qcow2"], shown["seed.iso"]) == (False, False)
        disk, seed = sorted(libvirt_hypervisor.images.glob("mist-*"))
        assert disk.stat().st_size < (1 << 20)
        assert (disk.suffix, seed.suffix) == (".qcow2", ".iso")
        provider.destroy(made.external_id)
        assert image.exists()
        assert list(libvirt_hypervisor.images.glob("mist-*")) == []


def test_a_create_that_fails_leaves_nothing(
    libvirt_hypervisor: LibvirtHost, ways: Ways, bridge: LabBridge, image: Path
) -> None:
    spec = MachineSpec(name="huge", mark="a-guest-too-large", image=f"lab/{image.name}", size="1-90000000")
    with opened(ways["socket"], bridge) as provider:
        with pytest.raises(errors.MistError):
            provider.create(spec)
        assert provider.find_marked("a-guest-too-large") is None
    assert image.exists()
    assert list(libvirt_hypervisor.images.glob("mist-*")) == []


def test_volumes_of_others_are_never_deleted(
    libvirt_hypervisor: LibvirtHost, ways: Ways, bridge: LabBridge, image: Path
) -> None:
    spec = MachineSpec(name="greedy", mark="a-guest-that-was-edited", image=f"lab/{image.name}", size="1-64")
    with opened(ways["socket"], bridge) as provider:
        made = provider.create(spec)
        connection = provider._connection
        domain = connection.lookupByUUIDString(made.external_id)
        domain.destroy()
        connection.defineXML(domain.XMLDesc(0).replace(f"mist-{made.external_id}-disk.qcow2", image.name, 1))
        provider.destroy(made.external_id)
        assert provider.read_machine(made.external_id) is None
    assert image.exists()
    for left in libvirt_hypervisor.images.glob("mist-*"):
        left.unlink()


@pytest.fixture
def image(libvirt_hypervisor: LibvirtHost) -> Iterator[Path]:
    with libvirt_hypervisor.button_image("debian.img") as path:
        yield path


def _read(provider: Libvirt, id: str) -> MachineReading:
    reading = provider.read_machine(id)
    assert reading is not None
    return reading


def _hostname(bridge: LabBridge, address: str) -> bytes | None:
    try:
        return bridge.run(address, 22, "root", "guest", "hostname", 10).stdout
    except errors.MachineError:
        return None
