"""Ways in which a service on the network goes wrong: silence, a web page, an answer that never arrives."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.lab.certificates import Pair, server_context
from tests.lab.relay import join

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Welcome</p></body></html>\n"


@contextlib.contextmanager
def silence() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def saying(words: bytes, *, hangs_up: bool = True) -> Iterator[int]:
    """A port that says this to everybody who connects, whatever it is told, and then hangs up or falls silent."""
    over = threading.Event()

    def say(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.sendall(words)
            if not hangs_up:
                over.wait()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=say, args=listener.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextlib.contextmanager
def answering(
    status: int,
    body: bytes,
    kind: str = "text/html",
    headers: Mapping[str, str] | None = None,
    tls: Pair | None = None,
    missing: int = 0,
) -> Iterator[int]:
    """A port where every request gets this answer, well-formed HTTP but for `missing` bytes at its end."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) + missing))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _answer

        def log_message(self, *arguments: object) -> None:
            pass

    server = _QuietServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        # the handshake belongs to the thread of the connection, which also closes it
        server.socket = server_context(tls).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietServer(ThreadingHTTPServer):
    """Clients that break off, as one does that does not trust the certificate, are no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def web_page(tls: Pair | None = None) -> contextlib.AbstractContextManager[int]:
    """A port where a web page is the answer to everything."""
    return answering(200, PAGE, tls=tls)


def truncated() -> contextlib.AbstractContextManager[int]:
    """A port where every answer ends before its end."""
    return answering(200, b'{"items": [{"id": "1", ', "application/json", missing=500)


class Door:
    """A port that leads to what `dial` opens, until it is told to behave otherwise."""

    def __init__(self, dial: Callable[[], socket.socket]) -> None:
        self._dial = dial
        self._behaves: Callable[[socket.socket], None] = self._lead
        self._open = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Door:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self.refuse()
        self._open.set()

    def repair(self) -> None:
        """Lead where it led at first, those who wait included."""
        self._behaves = self._lead
        self._open.set()
        if self._listener.fileno() == -1:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.__enter__()

    def hang(self) -> None:
        """Take connections and say nothing."""
        self._open.clear()
        self._behaves = self._wait

    def show_page(self) -> None:
        """Answer every request with a web page."""
        self._behaves = _page

    def refuse(self) -> None:
        """Take no connection any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            self._behaves(near)

    def _lead(self, near: socket.socket) -> None:
        join(near, self._dial())

    def _wait(self, near: socket.socket) -> None:
        self._open.wait()


def _page(near: socket.socket) -> None:
    near.recv(65536)
    near.sendall(response(200, PAGE, "text/html"))


class _Tap:
    """A port that leads to what `dial` opens and watches for requests that hold `needle`."""

    def __init__(self, dial: Callable[[], socket.socket], needle: bytes) -> None:
        self._dial, self._needle = dial, needle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        raise NotImplementedError


class Cutter(_Tap):
    """Passes everything on, but cuts the connection where the answer to a request that holds `needle` would come.

    The request is carried out: the cut happens when its answer begins.
    """

    cuts = 0

    def _serve(self, near: socket.socket) -> None:
        with near, self._dial() as far, contextlib.suppress(OSError):
            found = threading.Event()
            back = threading.Thread(target=self._back, args=(far, near, found), daemon=True)
            back.start()
            seen = b""
            while data := near.recv(65536):
                seen = seen[-len(self._needle) :] + data
                if self._needle in seen:
                    found.set()
                far.sendall(data)
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_WR)
            back.join()

    def _back(self, far: socket.socket, near: socket.socket, found: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if found.is_set():
                    self.cuts += 1
                    near.shutdown(socket.SHUT_RDWR)
                    return
                near.sendall(data)
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_WR)


class Refuser(_Tap):
    """Passes everything on, but answers a request that holds `needle` itself: it is not carried out."""

    def __init__(self, dial: Callable[[], socket.socket], needle: bytes, answer: bytes) -> None:
        super().__init__(dial, needle)
        self._answer = answer

    def _serve(self, near: socket.socket) -> None:
        with near, self._dial() as far:
            back = threading.Thread(target=_pour, args=(far, near), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                self._forth(near, far)
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)
            back.join()

    def _forth(self, near: socket.socket, far: socket.socket) -> None:
        seen = b""
        while data := near.recv(65536):
            seen = seen[-len(self._needle) :] + data
            if self._needle in seen:
                near.sendall(self._answer)
                near.shutdown(socket.SHUT_WR)
                while near.recv(65536):  # a connection that ends with something unread takes the answer along
                    pass
                return
            far.sendall(data)


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            into.sendall(data)


def response(status: int, body: bytes, kind: str) -> bytes:
    """A whole answer of HTTP, after which the connection ends."""
    head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
