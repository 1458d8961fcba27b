from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.providers.libvirt import Libvirt


@pytest.mark.parametrize("host", ["10.0.0.1", "kvm-1.example.org", "::1", "/run/libvirt/libvirt-sock", "localhost"])
def test_addresses_names_and_sockets_are_taken(host: str) -> None:
    assert Libvirt.read_settings({"machine_hostname": f" {host} "}).machine_hostname == host


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "machine_hostname"),
        ({"machine_hostname": "-oProxyCommand=x"}, "machine_hostname"),
        ({"machine_hostname": "a b"}, "machine_hostname"),
        ({"machine_hostname": "h/system?command=x"}, "machine_hostname"),
        ({"machine_hostname": "h", "machine_user": "-x"}, "machine_user"),
        ({"machine_hostname": "h", "socket": "sock"}, "socket"),
        ({"machine_hostname": "h", "virt_type": "xen"}, "virt_type"),
        ({"machine_hostname": "h", "ssh_port": 0}, "ssh_port"),
    ],
)
def test_what_cannot_be_meant_names_its_field(given: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Libvirt.read_settings(given)
    assert caught.value.facts["field"] == field


def test_the_same_hypervisor_is_the_same_backend_whatever_the_key() -> None:
    one = Libvirt.read_settings({"machine_hostname": "KVM.example.org", "machine_key": "a"})
    two = Libvirt.read_settings({"machine_hostname": "kvm.example.org", "machine_key": "b", "machine_user": "admin"})
    other = Libvirt.read_settings({"machine_hostname": "kvm.example.org", "ssh_port": 2222})
    assert Libvirt.identity(one, None) == Libvirt.identity(two, None) != Libvirt.identity(other, None)


@pytest.mark.parametrize(
    ("given", "socket"),
    [
        ({"machine_hostname": "/x/sock"}, "/x/sock"),
        ({"machine_hostname": "localhost"}, ""),
        ({"machine_hostname": "localhost", "socket": "/y"}, "/y"),
        ({"machine_hostname": "localhost", "machine_key": "k"}, None),
        ({"machine_hostname": "127.0.0.1"}, None),
    ],
)
def test_a_socket_of_the_services_host_is_used_only_when_meant(given: dict[str, str], socket: str | None) -> None:
    assert Libvirt.read_settings(given).local_socket == socket
