"""Server-sent events, read from pieces of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def events(chunks: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
    """`(event, id, data)` of each event; comments and events without data are left out, an id stays in force."""
    event, event_id, data = "", "", list[str]()
    for line in _lines(chunks):
        if not line:
            if data:
                yield event or "message", event_id, "\n".join(data)
            event, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            event = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        while (end := rest.find(b"\n")) >= 0:
            yield rest[:end].removesuffix(b"\r").decode("utf-8", "replace")
            rest = rest[end + 1 :]
