"""Addresses of machines, told apart by where they reach."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_PRIVATE = tuple(ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
_OF_ONE_LINK = tuple(ip_network(each) for each in ("169.254.0.0/16", "fe80::/10"))


def split(addresses: Iterable[str | None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Public and private addresses, each once, in their order; a prefix length behind one is cut.

    Blanks, the unspecified address (a vendor's "none yet") and those of a single link are left out. ValueError for
    what is no address.
    """
    public: dict[str, None] = {}
    private: dict[str, None] = {}
    for text in addresses:
        if not text:
            continue
        address = ip_address(text.partition("/")[0])
        if address.is_unspecified or _within(address, _OF_ONE_LINK):
            continue
        (private if _within(address, _PRIVATE) else public)[str(address)] = None
    return tuple(public), tuple(private)


def _within(address: IPv4Address | IPv6Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
