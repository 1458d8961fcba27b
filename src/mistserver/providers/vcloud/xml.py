"""vCloud's XML: read without entities and whatever its prefixes, and found by plain names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mistserver.providers.http_errors import bad_answer

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
OVF = "http://schemas.dmtf.org/ovf/envelope/1"
RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
_OURS = "{http://www.vmware.com/vcloud/"
_DTD = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def document(body: bytes) -> Element:
    """The root of a document of vCloud's; ValueError for anything else, and for one that declares entities.

    It is decoded here, so that no declared encoding can hide a declaration from the look for it.
    """
    from xml.etree.ElementTree import ParseError, fromstring

    text = body.decode("utf-8-sig")
    if _DTD.search(text):
        raise ValueError("declares entities")
    try:
        root = fromstring(text)  # noqa: S314 - nothing that it could expand is left
    except ParseError:
        raise ValueError("no XML") from None
    if not root.tag.startswith(_OURS):
        raise ValueError("another vocabulary")
    return root


def answered(body: bytes, name: str, where: str) -> Element:
    """A document whose root is called `name`, or ProviderBadAnswer."""
    try:
        root = document(body)
    except ValueError:
        raise bad_answer(where, body) from None
    if local(root) != name:
        raise bad_answer(where, body)
    return root


def local(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, *path: str) -> Iterator[Element]:
    """The elements at the end of a path of plain names."""
    for child in element:
        if local(child) == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from children(child, *path[1:])


def child(element: Element, *path: str) -> Element | None:
    return next(children(element, *path), None)


def text(element: Element, *path: str) -> str:
    """What stands in the first element at the path; "" where there is none."""
    found = child(element, *path)
    return (found.text or "").strip() if found is not None else ""


def id_of(href: str) -> str:
    """The id of what a link leads to: the last part of its path."""
    return href.rstrip("/").rpartition("/")[2]


def path_of(href: str) -> str:
    """Where a link leads, below the API's own address: links name hosts that are none of our business."""
    _, slash, rest = href.partition("/api/")
    if not slash:
        raise ValueError("not a link into the API")
    return f"/api/{rest}"
