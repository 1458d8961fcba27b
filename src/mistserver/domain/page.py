"""Listings in pages: a cursor is the sort key of the last item, made opaque."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Generic, TypeVar

import msgspec

from mistserver.domain.errors import InvalidInput

T = TypeVar("T")
Key = TypeVar("Key")

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_SEQ = 2**63 - 1  # what a database keeps as a whole number


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a listing. `next_cursor` asks for what follows; None at the end."""

    items: list[T]
    next_cursor: str | None = None


def clean_limit(limit: int | None, most: int = MAX_LIMIT) -> int:
    """How many items to answer with: 100 unless told; InvalidInput outside 1 to `most`."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= most:
        raise InvalidInput(f"The limit is {limit}; give a number from 1 to {most}.", field="limit")
    return limit


def encode_cursor(*key: Any) -> str:
    """The cursor after the item whose sort key is `key`."""
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: type[Key]) -> Key:
    """The sort key in a cursor, as `shape` (`tuple[str, str]`); InvalidInput for anything that is not one of ours."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        _require_storable(msgspec.json.decode(raw))
        return msgspec.json.decode(raw, type=shape)
    except (UnicodeError, binascii.Error, msgspec.DecodeError, RecursionError, _NotStorable):
        message = "The cursor is not one that a listing answered with; leave it out."
        raise InvalidInput(message, field="cursor") from None


def clean_seq(value: int | None, field: str) -> int | None:
    """A place in an ordered listing; InvalidInput for a number that no listing answers with."""
    if value is not None and not 0 <= value <= MAX_SEQ:
        raise InvalidInput(f"{field} goes from 0 to {MAX_SEQ}; give the number that a listing answered.", field=field)
    return value


class _NotStorable(Exception):
    """No column holds such a value."""


def _require_storable(key: object) -> None:
    parts = key if isinstance(key, list) else [key]
    if any(isinstance(part, int) and abs(part) > MAX_SEQ for part in parts):
        raise _NotStorable


def cut(items: list[T], limit: int, key: Any) -> Page[T]:
    """A page from up to `limit + 1` items; `key(item)` is the sort key as a tuple."""
    if len(items) <= limit:
        return Page(items=items)
    return Page(items=items[:limit], next_cursor=encode_cursor(*key(items[limit - 1])))
