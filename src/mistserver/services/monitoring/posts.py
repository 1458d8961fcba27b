"""The intake of one machine over a stream: HTTP/1.1 as an agent speaks it, one address, nothing else of the service.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING

import httptools

from mistserver.domain.errors import InvalidInput, MistError, NotSignedIn, TooLarge, Unavailable
from mistserver.services.context import Context
from mistserver.services.monitoring import take

if TYPE_CHECKING:
    from mistserver.ssh.session import Feed

PATH = "/api/v1/intake/collectd"
IDLE_S = 3700.0  # more than the longest interval
_LONGEST_HEAD = 16 * 1024
_REASONS = {204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 503: "Service Unavailable"}


class _Request:
    """One request as it comes; `done` when it is whole."""

    def __init__(self, most_bytes: int) -> None:
        self.path, self.headers, self.body = b"", dict[bytes, bytes](), bytearray()
        self.continues = self.done = False
        self._most_bytes = most_bytes
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count(url)
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.continues = self.headers.get(b"expect", b"").lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > self._most_bytes:
            raise TooLarge(f"A post may have {self._most_bytes} bytes.")

    def on_message_complete(self) -> None:
        self.done = True

    def _count(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if self._head_bytes > _LONGEST_HEAD:
            raise TooLarge(f"The head of a request may have {_LONGEST_HEAD} bytes.")


async def serve(ctx: Context, machine_id: str, feed: Feed) -> None:
    """Answer one request after the other until the stream ends, or one cannot be understood."""
    while True:
        request = await _next(ctx, feed)
        if request is None:
            return
        method, found = request
        status = await _answer(ctx, machine_id, method, found)
        asked = 'WWW-Authenticate: Basic realm="Mist"\r\n' if status == 401 else ""
        length = "" if status == 204 else "Content-Length: 0\r\n"
        await feed.write(f"HTTP/1.1 {status} {_REASONS[status]}\r\n{asked}{length}\r\n".encode())


async def _next(ctx: Context, feed: Feed) -> tuple[bytes, _Request] | None:
    """The next request; None at the end, and for what is no HTTP or too much of it."""
    request = _Request(ctx.settings.body_limit_bytes)
    parser = httptools.HttpRequestParser(request)
    try:
        async with asyncio.timeout(IDLE_S):
            while not request.done:
                piece = await feed.read()
                if piece is None:
                    return None
                parser.feed_data(piece[1])
                if request.continues and not request.done:
                    request.continues = False
                    await feed.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    except (httptools.HttpParserError, TimeoutError):
        return None
    return parser.get_method(), request


async def _answer(ctx: Context, machine_id: str, method: bytes, request: _Request) -> int:
    if method != b"POST" or request.path != PATH.encode():
        return 404
    try:
        user, password = _basic(request.headers.get(b"authorization", b""))
        if user != machine_id:
            raise NotSignedIn("This port is another machine's.")
        await take.collectd(ctx, machine_id, password, bytes(request.body))
    except NotSignedIn:
        return 401
    except InvalidInput:
        return 400
    except (Unavailable, MistError):
        return 503
    return 204


def _basic(header: bytes) -> tuple[str, str]:
    scheme, _, text = header.partition(b" ")
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotSignedIn("This is no basic authentication.") from None
    if scheme.lower() != b"basic" or not colon:
        raise NotSignedIn("Send the machine's id and password as basic authentication.")
    return user, password
