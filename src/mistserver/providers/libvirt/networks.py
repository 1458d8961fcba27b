"""The networks that libvirt keeps on a hypervisor."""

from __future__ import annotations

import ipaddress
from typing import Any
from xml.etree import ElementTree as ET

from mistserver.domain.catalog import Network
from mistserver.providers.libvirt.markup import parse


def list_networks(connection: Any) -> list[Network]:
    """All of them, active or not; their names are their ids."""
    return [_read(network) for network in connection.listAllNetworks(0)]


def _read(network: Any) -> Network:
    tree = parse(network.XMLDesc(0))
    forward, bridge = tree.find("forward"), tree.find("bridge")
    extra = {
        "uuid": network.UUIDString(),
        "forward": forward.get("mode") if forward is not None else "isolated",
        "bridge": bridge.get("name") if bridge is not None else None,
    }
    subnets = tuple(found for element in tree.iterfind("ip") if (found := _subnet(element)) is not None)
    status = "active" if network.isActive() else "inactive"
    return Network(id=network.name(), name=network.name(), status=status, subnets=subnets, extra=extra)


def _subnet(element: ET.Element) -> dict[str, Any] | None:
    address, mask = element.get("address"), element.get("netmask") or element.get("prefix")
    try:
        cidr = ipaddress.ip_interface(f"{address}/{mask}").network if mask else None
    except ValueError:
        return None
    return {"cidr": str(cidr) if cidr else None, "gateway": address}
