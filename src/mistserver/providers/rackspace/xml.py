"""The first generation's XML: read without entities, and written in its namespace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mistserver.providers.rest import Said

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://docs.rackspacecloud.com/servers/api/v1.0"
_DTD = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def said(root: Element) -> Said:
    message = next(iter(found(root, "message")), None)
    return Said(local(root), (message.text or "") if message is not None else "")


def document(body: bytes) -> Element:
    """ValueError for what is no document of this API, and for one that declares entities."""
    from xml.etree.ElementTree import ParseError, fromstring

    text = body.decode("utf-8-sig")
    if _DTD.search(text):
        raise ValueError("declares entities")
    try:
        root = fromstring(text)  # noqa: S314 - nothing that it could expand is left
    except ParseError:
        raise ValueError("no XML") from None
    if not root.tag.startswith(f"{{{NAMESPACE}}}"):
        raise ValueError("another vocabulary")
    return root


def found(element: Element, *path: str) -> list[Element]:
    return element.findall("/".join(f"{{{NAMESPACE}}}{name}" for name in path))


def local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def element(tag: str, **attributes: str) -> Element:
    from xml.etree.ElementTree import Element

    return Element(tag, {"xmlns": NAMESPACE, **attributes})


def below(parent: Element, tag: str, **attributes: str) -> Element:
    from xml.etree.ElementTree import SubElement

    return SubElement(parent, tag, attributes)


def written(element: Element) -> bytes:
    from xml.etree.ElementTree import tostring

    text: bytes = tostring(element, encoding="utf-8", xml_declaration=True)
    return text
