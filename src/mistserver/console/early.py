"""What a view needs beside the page: its files, and the answers that it asks for as soon as it has begun.

A browser that hears of them with the page (`Link`, RFC 8288) fetches all of them at once, while it still reads the
page and its script. Without that each waits for the one before it: the page, the script, who this is, the machines.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

NAME = ".early.json"


class View(msgspec.Struct, frozen=True):
    """Addresses. `reads` are of the API, and worth nothing to somebody who is not signed in."""

    scripts: list[str]
    styles: list[str]
    reads: list[str]


def links(path: str, signed_in: bool, folder: Path) -> str:
    """The value of the header Link for the view at that address; empty when there is nothing to tell."""
    try:
        views = msgspec.json.decode((folder / NAME).read_bytes(), type=dict[str, View])
    except (OSError, msgspec.MsgspecError):  # built before there was such a file
        return ""
    view = _view(views, path)
    if view is None or (view.reads and not signed_in):
        return ""
    return ", ".join(
        (
            *(f"<{each}>; rel=modulepreload" for each in view.scripts),
            *(f"<{each}>; rel=preload; as=style; crossorigin" for each in view.styles),
            *(f"<{each}>; rel=preload; as=fetch; crossorigin" for each in view.reads),
        )
    )


def _view(views: dict[str, View], path: str) -> View | None:
    """As the console finds it: literal parts before parameters."""
    given = path.strip("/").split("/")
    for pattern in sorted(views, key=lambda each: each.count(":")):
        wanted = pattern.strip("/").split("/")
        if len(wanted) == len(given) and all(w == g or w[:1] == ":" for w, g in zip(wanted, given, strict=True)):
            return views[pattern]
    return None
