"""The addresses of a guest: from its networks' DHCP leases, else from its agent, else as the host saw them (ARP)."""

from __future__ import annotations

import ipaddress
from typing import Any
from xml.etree import ElementTree as ET

from mistserver.providers.libvirt.binding import libvirt_module

AGENT_CHANNEL = "org.qemu.guest_agent.0"
_AGENT_TIMEOUT_S = 2

Split = tuple[tuple[str, ...], tuple[str, ...]]  # public, private


class Leases:
    """The DHCP leases of all networks of a hypervisor, asked for once."""

    def __init__(self, connection: Any) -> None:
        self._of: dict[str, list[str]] = {}
        rows: list[dict[str, Any]] = []
        for network in connection.listAllNetworks(0):
            try:
                rows += network.DHCPLeases()
            except libvirt_module().libvirtError:  # inactive, or its addresses are not given by libvirt
                continue
        for row in sorted(rows, key=lambda row: row.get("expirytime") or 0, reverse=True):
            if row.get("ipaddr"):
                self._of.setdefault(str(row.get("mac", "")).lower(), []).append(row["ipaddr"])

    def of(self, mac: str) -> list[str]:
        """The newest first."""
        return self._of.get(mac.lower(), [])


def addresses_of(domain: Any, tree: ET.Element, leases: Leases) -> Split:
    """The public and the private addresses of a running guest."""
    macs = [mac.get("address", "") for mac in tree.iterfind("devices/interface/mac")]
    found = [address for mac in macs for address in leases.of(mac)]
    libvirt = libvirt_module()
    if not found and _has_agent(tree):
        domain.agentSetResponseTimeout(_AGENT_TIMEOUT_S, 0)
        found = _asked(domain, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, set(macs))
    if not found and macs:
        found = _asked(domain, libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, set(macs))
    return split(found)


def _has_agent(tree: ET.Element) -> bool:
    targets = tree.iterfind("devices/channel/target")
    return any(t.get("name") == AGENT_CHANNEL and t.get("state") == "connected" for t in targets)


def _asked(domain: Any, source: int, macs: set[str]) -> list[str]:
    try:
        interfaces = domain.interfaceAddresses(source, 0)
    except libvirt_module().libvirtError:  # that source knows nothing of this guest
        return []
    own = [one for one in interfaces.values() if (one.get("hwaddr") or "").lower() in {mac.lower() for mac in macs}]
    return [item["addr"] for interface in own for item in interface.get("addrs") or []]


def split(addresses: list[str]) -> Split:
    """Public and private ones, IPv4 first; what can reach nobody else is left out."""
    known: dict[str, ipaddress.IPv4Address | ipaddress.IPv6Address] = {}
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        if not (address.is_loopback or address.is_link_local or address.is_unspecified):
            known.setdefault(text, address)
    ordered = sorted(known, key=lambda text: known[text].version)
    public = tuple(text for text in ordered if known[text].is_global)
    return public, tuple(text for text in ordered if not known[text].is_global)
