"""What a view needs beside the page: its files, and the answers that it asks for as soon as it has begun.

A browser that finds them named in the page fetches all of them at once, while it still reads the script. Without that
each waits for the one before it: the page, its script, who this is, the view's script, the machines.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import msgspec

NAME = ".early.json"


class View(msgspec.Struct, frozen=True):
    """Addresses. `reads` are of the API, and worth nothing to somebody who is not signed in."""

    scripts: list[str]
    styles: list[str]
    reads: list[str]


def named(page: bytes, path: str, signed_in: bool, folder: Path) -> bytes:
    """The page with what the view at that address needs; as it is when there is nothing to tell."""
    try:
        views = msgspec.json.decode((folder / NAME).read_bytes(), type=dict[str, View])
    except (OSError, msgspec.MsgspecError):  # built before there was such a file
        return page
    view = _view(views, path)
    if view is None or (view.reads and not signed_in):
        return page
    more = (
        *(('rel="modulepreload"', each) for each in view.scripts),
        *(('rel="preload" as="style"', each) for each in view.styles),
        *(('rel="preload" as="fetch"', each) for each in view.reads),
    )
    text = page.decode()
    links = "".join(f'<link {kind} crossorigin href="{escape(each)}">' for kind, each in more if each not in text)
    return text.replace("</head>", f"{links}</head>", 1).encode()


def _view(views: dict[str, View], path: str) -> View | None:
    """As the console finds it: literal parts before parameters."""
    given = path.strip("/").split("/")
    for pattern in sorted(views, key=lambda each: each.count(":")):
        wanted = pattern.strip("/").split("/")
        if len(wanted) == len(given) and all(w == g or w[:1] == ":" for w, g in zip(wanted, given, strict=True)):
            return views[pattern]
    return None
