"""Lists of vendors that tell in a header of the answer where the next page is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import MAX_PAGES, Rest, decoded

Follow = Callable[[Mapping[str, str]], Mapping[str, Any] | None]  # an answer's headers -> parameters of the next page

_NEXT = re.compile(r"""<([^>]*)>\s*;[^,]*\brel="?next\b""")


def bodies(api: Rest, path: str, follow: Follow, **params: Any) -> list[Any]:
    """The decoded bodies of all pages, as many as there are."""
    found: list[Any] = []
    asked: dict[str, Any] = params
    for _ in range(MAX_PAGES):
        answer = api.ask("GET", path, params=asked or None)
        found.append(decoded(answer.content, api.where))
        more = follow(answer.headers)
        if more is None:
            return found
        asked = {**params, **more}
    raise bad_answer(api.where)


def by_mark(header: str, name: str) -> Follow:
    """The header carries a mark of where the next page begins."""

    def follow(headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        value = headers.get(header)
        return {name: value} if value else None

    return follow


def by_link(headers: Mapping[str, str]) -> Mapping[str, Any] | None:
    """A `Link` header (RFC 8288) names the next page. Only its query is used: the credentials go nowhere else."""
    found = _NEXT.search(headers.get("Link", ""))
    return dict(parse_qsl(urlsplit(found[1]).query)) if found else None
