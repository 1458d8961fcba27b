"""A JSON answer that is sent in the pieces it was kept in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send


class _Sender(ASGIResponse):
    def __init__(self, pieces: Sequence[bytes], headers: dict[str, str]) -> None:
        super().__init__(
            body=b"",
            media_type="application/json",
            headers=headers,
            content_length=sum(len(piece) for piece in pieces),
        )
        self._pieces = pieces

    async def send_body(self, send: Send, receive: Receive) -> None:
        for index, piece in enumerate(self._pieces):
            more = index + 1 < len(self._pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": more})


class Pieces(Response[Any]):
    """Answers with `b"".join(pieces)` without ever joining them."""

    def __init__(self, pieces: Sequence[bytes], headers: dict[str, str]) -> None:
        super().__init__(None, media_type="application/json", headers=headers)
        self._pieces = pieces

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> ASGIResponse:
        named = {key.lower(): str(value) for key, value in self.headers.items()}
        return _Sender(self._pieces, named)
