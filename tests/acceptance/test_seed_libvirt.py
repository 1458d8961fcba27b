"""The seed's line for a hypervisor (C31), and what is then done with it, as command lines on real guests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.world import World
from tests.lab.libvirt import LibvirtHost
from tests.lab.sshd import Sshd

BACKEND = "KVM (via libvirt)"
C31 = "mist add-backend --provider libvirt --libvirt-hostname 10.0.0.1 --libvirt-user root --libvirt-key MyAddedKey"


@pytest.fixture
def hypervisor(
    empty_world: World, libvirt_hypervisor: LibvirtHost, libvirt_door: Sshd, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LibvirtHost]:
    """Behind its SSH server, which MyAddedKey opens."""
    body = {"name": "MyAddedKey", "private": empty_world.key.private}
    status, told = empty_world.service.request("POST", "/keys", body, empty_world.token)
    assert status == 201, told
    yield libvirt_hypervisor
    empty_world.mist("mist destroy web-1 --yes")


def test_a_guest_lives_its_whole_life(empty_world: World, hypervisor: LibvirtHost, libvirt_door: Sshd) -> None:
    mist = empty_world.mist
    line = C31.replace("10.0.0.1", f"{libvirt_door.host} --libvirt-port {libvirt_door.port}")
    added = mist(f"{line} --libvirt-socket {hypervisor.socket}")
    assert (added.code, added.out) == (0, "New backend added\n"), added
    assert [row[0] for row in mist("mist list-backends --pretty", check=True).rows] == ["Name", BACKEND]
    assert len(mist("mist list-machines --pretty", check=True).rows) == 2  # the hypervisor itself, below the header

    made = mist(
        f"mist create-machine --backend '{BACKEND}' --name web-1 --image {hypervisor.kernel} --size 1-256 "
        f"--extra initrd={hypervisor.initrd} --extra 'cmdline=console=ttyS0 quiet' --wait ssh",
    )
    assert (made.code, made.out.splitlines()[-1]) == (0, "Created machine web-1"), made
    assert state(empty_world, "web-1") == "running"
    assert "web-1: web-1" in mist("mist run --command hostname --machine web-1", check=True).out.splitlines()
    assert mist("mist ssh web-1 -- hostname", check=True).out == "web-1\n"
    assert mist("mist probe web-1", check=True).out.startswith("Machine web-1 is probed")

    assert mist("mist stop web-1", check=True).out == "Stopped machine web-1\n"
    assert state(empty_world, "web-1") == "stopped"
    assert mist("mist start web-1", check=True).out == "Started machine web-1\n"
    assert state(empty_world, "web-1") == "running"
    assert mist("mist reboot web-1", check=True).out == "Rebooted machine web-1\n"
    assert mist("mist destroy web-1 --yes", check=True).out == "Destroyed machine web-1\n"

    assert len(mist("mist list-machines --refresh --pretty", check=True).rows) == 2
    assert list(hypervisor.images.glob("mist-*")) == []
    assert mist(f"mist delete-backend '{BACKEND}' --yes", check=True).out == f"Deleted backend {BACKEND}\n"


def state(world: World, name: str) -> str:
    listed = world.mist("mist list-machines --refresh -o csv --columns name,state", check=True)
    (found,) = [line.split(",")[1] for line in listed.out.splitlines() if line.startswith(f"{name},")]
    return found
