"""Which of a vendor's locations a user means."""

from __future__ import annotations

from collections.abc import Sequence

from mistserver.domain.catalog import Location
from mistserver.domain.errors import InvalidInput

_SHOWN = 40


def meant(title: str, wanted: str, offered: Sequence[Location]) -> Location:
    """The location by its id, its name in any case, or its position in the list ("0", "1" ...).

    InvalidInput that lists what there is.
    """
    for each in offered:
        if each.id == wanted:
            return each
    named = [each for each in offered if each.name.casefold() == wanted.casefold()]
    if len(named) == 1:
        return named[0]
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 9 and int(wanted) < len(offered):
        return offered[int(wanted)]
    known = ", ".join(each.id for each in offered[:_SHOWN])
    raise InvalidInput(f"{title} has no location {wanted[:80]!a}; it has {known}.", field="location")
