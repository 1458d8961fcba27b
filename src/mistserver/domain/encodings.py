"""Which content encodings the reader of an answer takes."""

from __future__ import annotations

import re

_NEVER = re.compile(r"\s*q=0(\.0*)?\s*")


def allowed(header: str) -> set[str]:
    """The encodings that an Accept-Encoding header names and does not rule out (`br;q=0`)."""
    found = set()
    for part in header.lower().split(","):
        encoding, _, weight = part.strip().partition(";")
        if not _NEVER.fullmatch(weight):
            found.add(encoding.strip())
    return found
