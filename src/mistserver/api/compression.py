"""Large JSON answers to GET, compressed for whoever takes gzip.

Answers to other methods are left alone: among them are the few that tell a secret, whose length must not depend on
what somebody else wrote beside it.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Sequence

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from mistserver.domain.encodings import allowed

LEAST_BYTES = 16 * 1024  # below this the network takes no longer for all of it than for a part
_LEVEL = 1  # names and addresses repeat so much that more work saves little: 10 000 machines are 6 MB, then 0.4 MB
_GZIP = 16 + zlib.MAX_WBITS
_Headers = Iterable[tuple[bytes, bytes]]


def with_compression(app: ASGIApp) -> ASGIApp:
    """Around the application. What has no length of its own, as streams, passes as it is."""

    async def compressed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "GET" or not _takes_gzip(scope["headers"]):
            await app(scope, receive, send)
        else:
            await app(scope, receive, _Answer(send).send)

    return compressed


class _Answer:
    """Holds an answer back until it is whole, when it is one to compress."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: HTTPResponseStartEvent | None = None
        self._pieces: list[bytes] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_worth_it(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            self._pieces.append(message["body"])
            if not message.get("more_body"):
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _finish(self, start: HTTPResponseStartEvent) -> None:
        body = await asyncio.to_thread(_gzip, self._pieces)
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        more = [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"), (b"content-length", b"%d" % len(body))]
        await self._send({**start, "headers": [*kept, *more]})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})


def _is_worth_it(start: HTTPResponseStartEvent) -> bool:
    headers = {name.lower(): value for name, value in start["headers"]}
    is_json = headers.get(b"content-type", b"").partition(b";")[0] == b"application/json"
    return is_json and b"content-encoding" not in headers and int(headers.get(b"content-length", b"0")) >= LEAST_BYTES


def _takes_gzip(headers: _Headers) -> bool:
    return any(name == b"accept-encoding" and "gzip" in allowed(value.decode("latin-1")) for name, value in headers)


def _gzip(pieces: Sequence[bytes]) -> bytes:
    """In a thread: zlib lets the others run meanwhile."""
    work = zlib.compressobj(_LEVEL, wbits=_GZIP)
    return b"".join((*map(work.compress, pieces), work.flush()))
