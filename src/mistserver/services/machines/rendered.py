"""Listings that were encoded once and are sent again as long as nothing changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from weakref import WeakKeyDictionary

import msgspec

from mistserver.services.context import Context
from mistserver.store.database import Database

KEPT_BYTES = 8 * 1024 * 1024


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON body in pieces, as joining megabytes costs more than looking them up, and the ETag that stands for it."""

    pieces: tuple[bytes, ...]
    etag: str

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


class RenderedListings:
    """The most recently asked for, up to a number of bytes; one per service."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._listings: OrderedDict[Hashable, tuple[str, tuple[bytes, ...]]] = OrderedDict()

    def get(self, question: Hashable, tag: str) -> tuple[bytes, ...] | None:
        """The answer to the question, if it is still the one for `tag`."""
        known = self._listings.get(question)
        if known is None or known[0] != tag:
            return None
        self._listings.move_to_end(question)
        return known[1]

    def put(self, question: Hashable, tag: str, answer: tuple[bytes, ...]) -> None:
        """Keep an answer instead of the one before it; the least asked for go when there are too many bytes."""
        if question in self._listings:
            self._bytes -= _size(self._listings.pop(question)[1])
        self._listings[question] = (tag, answer)
        self._bytes += _size(answer)
        while self._bytes > self._kept_bytes:
            _, (_, dropped) = self._listings.popitem(last=False)
            self._bytes -= _size(dropped)


def _size(answer: tuple[bytes, ...]) -> int:
    return sum(map(len, answer))


_LISTINGS: WeakKeyDictionary[Database, RenderedListings] = WeakKeyDictionary()


def rendered_of(ctx: Context) -> RenderedListings:
    """The listings that this service keeps."""
    return _LISTINGS.setdefault(ctx.database, RenderedListings())
