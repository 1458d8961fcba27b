"""vCloud's vApps as machines: from the documents of single ones, and from the records of queries."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.vcloud import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "FAILED_CREATION": MachineState.ERROR,
        "UNRESOLVED": MachineState.PENDING,
        "RESOLVED": MachineState.STOPPED,
        "DEPLOYED": MachineState.RUNNING,
        "SUSPENDED": MachineState.SUSPENDED,
        "POWERED_ON": MachineState.RUNNING,
        "WAITING_FOR_INPUT": MachineState.PENDING,
        "POWERED_OFF": MachineState.STOPPED,
        "INCONSISTENT_STATE": MachineState.ERROR,
        "MIXED": MachineState.RUNNING,
        "PARTIALLY_POWERED_OFF": MachineState.STOPPED,
        "PARTIALLY_SUSPENDED": MachineState.SUSPENDED,
    }
)
_NUMBERS = (
    *("FAILED_CREATION", "UNRESOLVED", "RESOLVED", "DEPLOYED", "SUSPENDED", "POWERED_ON", "WAITING_FOR_INPUT"),
    *("UNKNOWN", "UNRECOGNIZED", "POWERED_OFF", "INCONSISTENT_STATE", "MIXED"),
)  # the first is -1
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.SUSPENDED: (Action.START, Action.DESTROY),
        MachineState.ERROR: (Action.DESTROY,),
        MachineState.UNKNOWN: (Action.DESTROY,),
    }
)
_MARKED = re.compile(r"(?P<name>.+)-mist-(?P<mark>[0-9A-Za-z-]+)")
CORES, MEMORY = "3", "4"  # rasd:ResourceType


def vapp_name(name: str, mark: str) -> str:
    """The name of a vApp, which a create can mark and a query can look for. The VM within bears the plain one."""
    return f"{name}-mist-{mark}"


def reading(vapp: Element) -> MachineReading:
    """One vApp by its own document."""
    number = int(vapp.get("status", "6"))
    state = _NUMBERS[number + 1] if -1 <= number < len(_NUMBERS) - 1 else "UNKNOWN"
    vms = list(xml.children(vapp, "Children", "Vm"))
    addresses = [
        xml.text(connection, name)
        for vm in vms
        for connection in xml.children(vm, "NetworkConnectionSection", "NetworkConnection")
        for name in ("ExternalIpAddress", "IpAddress")
    ]
    up = (link.get("href", "") for link in xml.children(vapp, "Link") if link.get("rel") == "up")
    named = {"name": vapp.attrib["name"], "href": vapp.attrib["href"], "vdc": next(up, ""), "status": state}
    named["creationDate"] = xml.text(vapp, "DateCreated")
    measures = [(_quantity(vm, CORES), _quantity(vm, MEMORY)) for vm in vms]
    return _machine(named, addresses, [each for each in measures if all(each)], [vm.get("name", "") for vm in vms])


def from_records(vapp: Mapping[str, str], vms: Iterable[Mapping[str, str]]) -> MachineReading:
    """One vApp by the records of it and of its VMs."""
    vms = list(vms)
    measures = [(int(vm.get("numberOfCpus") or 0), int(vm.get("memoryMB") or 0)) for vm in vms]
    addresses = [vm.get("ipAddress", "") for vm in vms]
    return _machine(vapp, addresses, [each for each in measures if all(each)], [vm.get("name", "") for vm in vms])


def quantity(vm: Element, type: str) -> Element | None:
    """The element that holds how much of a resource a VM has."""
    for item in xml.children(vm, "VirtualHardwareSection", "Item"):
        if xml.text(item, "ResourceType") == type:
            return xml.child(item, "VirtualQuantity")
    return None


def _quantity(vm: Element, type: str) -> int:
    found = quantity(vm, type)
    return int(found.text or 0) if found is not None else 0


def _machine(
    named: Mapping[str, str], addresses: list[str], measures: list[tuple[int, int]], vms: list[str]
) -> MachineReading:
    state = _STATES.get(named.get("status", ""), MachineState.UNKNOWN)
    marked = _MARKED.fullmatch(named["name"])
    known = [address for address in dict.fromkeys(addresses) if address]
    public = tuple(address for address in known if not ipaddress.ip_address(address).is_private)
    size = f"{sum(cores for cores, _ in measures)}x{sum(ram for _, ram in measures)}" if measures else None
    created = named.get("creationDate")
    return MachineReading(
        external_id=xml.id_of(named["href"]),
        name=marked["name"] if marked else named["name"],
        state=state,
        public_ips=public,
        private_ips=tuple(address for address in known if address not in public),
        size=size,
        location=xml.id_of(named.get("vdc", "")) or None,
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(created) if created else None,
        mark=marked["mark"] if marked else None,
        extra={"vms": vms, "vapp": named["name"]},
    )
