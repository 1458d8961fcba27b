"""The documents that orders to a vCloud Director consist of."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers.vcloud import xml
from mistserver.providers.vcloud.reading import CORES, MEMORY, quantity, vapp_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SIZE = re.compile(r"([1-9]\d{0,2})x([1-9]\d{1,7})")
_SCRIPT = """#!/bin/sh
[ "$1" = postcustomization ] || exit 0
{steps}"""
_KEY = """umask 077
mkdir -p /root/.ssh
echo {key} | base64 -d >> /root/.ssh/authorized_keys
"""
_RUN = """umask 077
echo {script} | base64 -d > /root/mist-user-data
chmod 700 /root/mist-user-data
/root/mist-user-data
"""


def measures(size: str) -> tuple[int, int]:
    """Cores and MB of a size."""
    match = _SIZE.fullmatch(size)
    if match is None:
        raise InvalidInput(
            f"vCloud's sizes are cores and MB of memory, such as 2x4096; {size[:80]!a} is none.", field="size"
        )
    return int(match[1]), int(match[2])


def compose(spec: MachineSpec, template: Element, networks: list[Element]) -> tuple[str, str]:
    """A vApp with the VMs of a template, deployed and started. `networks` are the VDC's own references to them."""
    root = _root("ComposeVAppParams", name=vapp_name(spec.name, spec.mark), deploy="true", powerOn="true")
    if networks:
        section = _add(_add(root, "InstantiationParams"), "NetworkConfigSection")
        _info(section)
        for network in networks:
            config = _add(section, "NetworkConfig", networkName=network.attrib["name"])
            _add(_add(config, "Configuration"), "ParentNetwork", href=network.attrib["href"])
            _add(config[0], "FenceMode").text = "bridged"
    for number, vm in enumerate(xml.children(template, "Children", "Vm")):
        _item(root, spec, (vm.attrib["href"], spec.name if number == 0 else f"{spec.name}-{number + 1}"), networks)
    _add(root, "AllEULAsAccepted").text = "true" if spec.extra.get("accept_eulas") else "false"
    return "composeVAppParams", _text(root)


def undeploy(action: str) -> tuple[str, str]:
    root = _root("UndeployVAppParams")
    _add(root, "UndeployPowerAction").text = action
    return "undeployVAppParams", _text(root)


def reconfigure(vm: Element, size: str) -> tuple[str, str]:
    """A VM's own hardware with other cores and memory; what is left out of the document stays as it is."""
    hardware = xml.child(vm, "VirtualHardwareSection")
    found = [quantity(vm, type) for type in (CORES, MEMORY)]
    if hardware is None or None in found:
        raise ValueError("a VM without hardware")
    for element, value in zip(found, measures(size), strict=True):
        element.text = str(value)  # type: ignore[union-attr]
    root = _root("Vm", name=vm.attrib["name"])
    root.append(hardware)
    return "vm", _text(root)


def script(spec: MachineSpec) -> str:
    """What runs once in the new machine: it has no other way to get a key."""
    steps = ""
    if spec.public_key:
        steps += _KEY.format(key=_encoded(spec.public_key.strip() + "\n"))
    if spec.user_data:
        steps += _RUN.format(script=_encoded(spec.user_data))
    return _SCRIPT.format(steps=steps) if steps else ""


def _item(root: Element, spec: MachineSpec, vm: tuple[str, str], networks: list[Element]) -> None:
    href, name = vm
    item = _add(root, "SourcedItem")
    _add(item, "Source", href=href)
    general = _add(item, "VmGeneralParams")
    _add(general, "Name").text = name
    _add(general, "NeedsCustomization").text = "true"
    params = _add(item, "InstantiationParams")
    if networks:
        _connections(params, networks, str(spec.extra.get("ip_mode", "POOL")))
    custom = _add(params, "GuestCustomizationSection")
    _info(custom)
    _add(custom, "Enabled").text = "true"
    if steps := script(spec):
        _add(custom, "CustomizationScript").text = steps
    _add(custom, "ComputerName").text = name
    if spec.size:
        _hardware(params, measures(spec.size))


def _connections(params: Element, networks: list[Element], mode: str) -> None:
    section = _add(params, "NetworkConnectionSection")
    _info(section)
    _add(section, "PrimaryNetworkConnectionIndex").text = "0"
    for index, network in enumerate(networks):
        connection = _add(section, "NetworkConnection", network=network.attrib["name"])
        _add(connection, "NetworkConnectionIndex").text = str(index)
        _add(connection, "IsConnected").text = "true"
        _add(connection, "IpAddressAllocationMode").text = mode


def _hardware(params: Element, wanted: tuple[int, int]) -> None:
    section = _add(params, "VirtualHardwareSection", xml.OVF)
    _info(section)
    for number, (kind, amount) in enumerate(zip((CORES, MEMORY), wanted, strict=True)):
        item = _add(section, "Item", xml.OVF)
        _add(item, "ElementName", xml.RASD).text = "cpu" if kind == CORES else "memory"
        _add(item, "InstanceID", xml.RASD).text = str(number + 1)
        _add(item, "ResourceType", xml.RASD).text = kind
        _add(item, "VirtualQuantity", xml.RASD).text = str(amount)


def _root(tag: str, /, **attributes: str) -> Element:
    from xml.etree.ElementTree import Element

    return Element(f"{{{xml.VCLOUD}}}{tag}", attributes)


def _add(parent: Element, tag: str, namespace: str = xml.VCLOUD, /, **attributes: str) -> Element:
    from xml.etree.ElementTree import SubElement

    return SubElement(parent, f"{{{namespace}}}{tag}", attributes)


def _info(section: Element) -> None:
    _add(section, "Info", xml.OVF).text = "made by Mist"


def _text(root: Element) -> str:
    from xml.etree.ElementTree import tostring

    found: Any = tostring(root, encoding="us-ascii", xml_declaration=True)
    return str(found.decode("ascii"))


def _encoded(words: str) -> str:
    return b64encode(words.encode()).decode()
