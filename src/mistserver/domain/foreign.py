"""Values that clouds and machines chose, made such that JSON and every database can hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

MAX_TEXT = 4096
_DEPTH = 8


def storable(value: Any, depth: int = 0) -> Any:
    """The value with NUL and halves of characters as U+FFFD, endless texts cut, and what is no value as its text."""
    if depth > _DEPTH:
        return "..."
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode().replace("\0", "\ufffd").replace("\\u0000", "\ufffd")
        return text[:MAX_TEXT]
    if isinstance(value, dict):
        return {storable(str(key), depth): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [storable(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    return storable(repr(value), depth)
