"""What every listing takes and answers with."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from mistserver.domain.page import Page

T = TypeVar("T")

Limit = Annotated[int | None, QueryParameter(description="How many items, 1 to 1000; 100 unless told.")]
Cursor = Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")]
Select = Annotated[
    str | None,
    QueryParameter(name="select", description="Instead of a page: what this name or id picks, exact before substring."),
]


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page. With `select`: the candidates, and in `level` how they matched (`id`, `name`, ..., `none`)."""

    items: list[T]
    next_cursor: str | None = None
    level: str | None = None


def listing(page: Page[T]) -> Listing[T]:
    return Listing(items=page.items, next_cursor=page.next_cursor)


def selection(level: str, items: list[T]) -> Listing[T]:
    return Listing(items=items, level=level)
