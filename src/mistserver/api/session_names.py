"""What a session is called in the list of tokens when whoever signs in gives it no name."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

# the first that is found counts: most browsers claim to be others too
_BROWSERS = {"Edg/": "Edge", "EdgA/": "Edge", "OPR/": "Opera", "SamsungBrowser/": "Samsung Internet"}
_BROWSERS |= {"Firefox/": "Firefox", "FxiOS/": "Firefox", "CriOS/": "Chrome", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {"Android": "Android", "iPhone": "iOS", "iPad": "iPadOS", "Windows": "Windows", "Mac OS X": "macOS"}
_SYSTEMS |= {"CrOS": "ChromeOS", "Linux": "Linux"}
_PRODUCT = re.compile(r"[A-Za-z0-9._-]{1,40}")


def session_name(request: Request[Any, Any, Any], console: str | None) -> str:
    """`console, Firefox on Linux`, or `API, curl`: as far as the client says what it is."""
    agent = request.headers.get("user-agent", "")
    if console == "1":
        found = [_first(_BROWSERS, agent), _first(_SYSTEMS, agent)]
        where = " on ".join(filter(None, found))
        return f"console, {where}" if where else "console"
    product = _PRODUCT.match(agent)
    return f"API, {product[0]}" if product else "session"


def _first(words: dict[str, str], agent: str) -> str:
    return next((word for mark, word in words.items() if mark in agent), "")
