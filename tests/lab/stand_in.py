"""Vendors' APIs on loopback, small but with memory: what a vendor documents of itself, as far as a test needs it.

A stand-in is a class with routes. It never proves by itself that a provider is right (real systems, emulators and
recorded answers of the vendors do), but it remembers: machines come, change and go, and calls can be counted.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it came. `ids` are the decoded parts of the path that the route names; headers in lower case."""

    method: str
    path: str
    query: dict[str, str]
    queries: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Reply:
    """`body`: bytes as they are, text, None for none, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        if self.body is None:
            return b"", "application/json"
        if isinstance(self.body, bytes | str):
            raw = self.body if isinstance(self.body, bytes) else self.body.encode()
            return raw, "text/xml" if raw.lstrip().startswith(b"<") else "application/json"
        return json.dumps(self.body).encode(), "application/json"


Answer = Reply | dict[str, Any] | list[Any] | None
Handler = TypeVar("Handler", bound=Callable[..., Answer])


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Answers `method` at `path`; `{name}` in it is one segment, found in `Request.ids`."""
    pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

    def mark(handler: Handler) -> Handler:
        handler.__dict__.setdefault("routes", []).append((method, pattern))
        return handler

    return mark


class StandIn:
    """Listens while its context is open. Requests are answered one at a time, in the order in which they come.

    `tls`, set before that, has it speak TLS.
    """

    tls: ssl.SSLContext | None = None

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self._refusing: list[tuple[str, re.Pattern[str], Reply]] = []
        self._lock = threading.Lock()
        members = [getattr(self, name) for name in dir(type(self)) if callable(getattr(type(self), name))]
        self._routes = [(*each, member) for member in members for each in getattr(member, "routes", ())]

    def __enter__(self) -> Any:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one piece: else each answer waits for an acknowledgement

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = stand_in.reply(_request(self.command, self.path, dict(self.headers.items()), body))
                raw, kind = reply.encoded()
                self.send_response(reply.status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _answer

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, request: Request) -> Reply | None:
        """The refusal of a request with wrong credentials; None lets it pass."""
        return None

    def reply(self, request: Request) -> Reply:
        with self._lock:
            self.seen.append(request)
            refused = self.authorize(request) or self._refused(request)
            answer = refused if refused is not None else self.handle(request)
        return answer if isinstance(answer, Reply) else Reply(204 if answer is None else 200, answer)

    def handle(self, request: Request) -> Answer:
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                request.ids.update({name: unquote(value) for name, value in match.groupdict().items()})
                answer: Answer = handler(request)
                return answer
        return self.unknown(request)

    def unknown(self, request: Request) -> Answer:
        """What the vendor says to a path that it does not have."""
        return Reply(404, {"message": "not found"})

    @contextlib.contextmanager
    def refusing(self, method: str, path: str, reply: Reply) -> Iterator[None]:
        """Answer requests whose path matches the pattern `path` with `reply`, while the context is open."""
        rule = (method, re.compile(path), reply)
        self._refusing.append(rule)
        try:
            yield
        finally:
            self._refusing.remove(rule)

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests so far whose path matches the pattern `path`."""
        return [each for each in self.seen if each.method == method and re.fullmatch(path, each.path)]

    def _refused(self, request: Request) -> Reply | None:
        for method, pattern, reply in self._refusing:
            if method == request.method and pattern.fullmatch(request.path):
                return reply
        return None


def _request(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    parts = urlsplit(target)
    queries = parse_qs(parts.query, keep_blank_values=True)
    lowered = {name.lower(): value for name, value in headers.items()}
    query = {name: values[-1] for name, values in queries.items()}
    return Request(method, parts.path, query, queries, lowered, body)


def page_of(items: list[Any], number: int, size: int) -> tuple[list[Any], int]:
    """The items of a page counted from 1, and how many pages there are."""
    return items[(number - 1) * size : number * size], max(1, -(-len(items) // size))
