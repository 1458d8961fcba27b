from __future__ import annotations

from mistserver.providers.libvirt.addresses import split


def test_addresses_are_sorted_into_public_and_private_and_ipv4_comes_first() -> None:
    found = ["fe80::1", "2001:4860:4860::8888", "8.8.8.8", "127.0.0.1", "192.168.122.3", "nonsense", "8.8.8.8"]
    assert split(found) == (("8.8.8.8", "2001:4860:4860::8888"), ("192.168.122.3",))
