"""libvirt's XML, read and written as trees; text is never pasted into it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mistserver.domain.errors import ProviderBadAnswer

NAMESPACE = "urn:mist:machine:1"
ET.register_namespace("mist", NAMESPACE)


def tagged(name: str) -> str:
    """The name of an element in our own part of a domain's metadata."""
    return f"{{{NAMESPACE}}}{name}"


def parse(text: str) -> ET.Element:
    """The tree of an answer. Entities, which libvirt never sends, are refused: they could expand without end."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ProviderBadAnswer("The hypervisor sent XML with entities, which libvirt never does.")
    try:
        return ET.fromstring(text)  # noqa: S314 - entities are refused above
    except ET.ParseError:
        raise ProviderBadAnswer("The hypervisor sent XML that cannot be read.") from None


def render(element: ET.Element) -> str:
    """The tree as text."""
    return ET.tostring(element, encoding="unicode")


def add(parent: ET.Element, name: str, text: str | None = None, /, **attributes: str) -> ET.Element:
    """A new child; `type_` stands for the attribute `type`, as `from_` does for `from`."""
    child = ET.SubElement(parent, name, {key.rstrip("_"): value for key, value in attributes.items()})
    child.text = text
    return child
