"""Which of a vendor's images are shown: those people start from, or those that a search finds.

The default set is the newest long-term versions of the distributions, told by their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from mistserver.domain.catalog import Image

T = TypeVar("T")

# distribution, how many of its newest versions count; the version is the first number after the name
_FAMILIES = (
    (re.compile(r"ubuntu\D{0,24}?(\d{2})[._-]?04(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"debian\D{0,24}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"alma\D{0,16}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"rocky\D{0,16}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"centos\D{0,16}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"(?:red.?hat|rhel)\D{0,24}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"oracle\D{0,16}?(\d{1,2})(?!\d)", re.IGNORECASE), 2),
    (re.compile(r"amazon linux\D{0,8}?(\d{4})(?!\d)", re.IGNORECASE), 1),
    (re.compile(r"(?:opensuse|sles|suse)\D{0,24}?(\d{2}(?:[._-]\d)?)(?!\d)", re.IGNORECASE), 1),
    (re.compile(r"alpine\D{0,16}?(\d[._-]\d{1,2})(?!\d)", re.IGNORECASE), 1),
    (re.compile(r"fedora\D{0,16}?(\d{2})(?!\d)", re.IGNORECASE), 1),
)
_ODD_UBUNTU = re.compile(r"ubuntu\D{0,24}?\d[13579][._-]?04", re.IGNORECASE)


def shown(offered: Iterable[Image], search: str | None, own: Iterable[Image] = ()) -> list[Image]:
    """What `Provider.list_images` owes, from everything that the vendor offers.

    `own` are the account's own images; all of them belong to the default set.
    """
    if search is None:
        chosen = newest_long_term((image, image.name) for image in offered)
        return [replace(image, star=True) for image in (*own, *chosen)]
    everything = [*own, *offered]
    wanted = search.casefold()
    if wanted == "all":
        return everything
    return [image for image in everything if wanted in image.name.casefold() or wanted in image.id.casefold()]


def newest_long_term(named: Iterable[tuple[T, str]]) -> list[T]:
    """Of things with their names, those of the newest long-term versions that are there, in their order.

    Relative to the list: where only old versions are offered, the newest of them count. All things when no name is
    a distribution's.
    """
    things = list(named)
    kept: set[int] = set()
    for pattern, count in _FAMILIES:
        versions = {index: _version(pattern, name) for index, (_, name) in enumerate(things)}
        known = sorted({version for version in versions.values() if version is not None}, reverse=True)[:count]
        kept |= {index for index, version in versions.items() if version in known}
    return [thing for index, (thing, _) in enumerate(things) if index in kept or not kept]


def _version(pattern: re.Pattern[str], name: str) -> tuple[int, ...] | None:
    match = pattern.search(name)
    if match is None or _ODD_UBUNTU.search(name):
        return None
    return tuple(int(part) for part in re.split(r"[._-]", match.group(1)))
