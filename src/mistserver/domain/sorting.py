"""What a listing may be sorted by: `FIELD`, or `FIELD:desc` for the other direction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from mistserver.domain.errors import InvalidInput

_SHOWN = 40  # characters of what was asked for


class Sort(msgspec.Struct, frozen=True):
    """A field, and whether the largest comes first. What has no value comes last in both directions."""

    field: str
    descending: bool = False


def clean_sort(text: str | None, fields: Collection[str], also: Mapping[str, str] | None = None) -> Sort | None:
    """The order that `FIELD[:asc|:desc]` means; None for none. InvalidInput lists the fields.

    `also` maps other spellings to fields.
    """
    if text is None or not text.strip():
        return None
    name, _, direction = text.strip().partition(":")
    field = (also or {}).get(name, name)
    if field not in fields:
        raise InvalidInput(
            f"There is no field {name[:_SHOWN]!a} to sort by; there are {', '.join(fields)}.", field="sort"
        )
    if direction not in ("", "asc", "desc"):
        raise InvalidInput(f"The order is asc or desc, not {direction[:_SHOWN]!a}: {name}:desc.", field="sort")
    return Sort(field, direction == "desc")
