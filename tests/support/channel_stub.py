"""A WebSocket on a loopback port that plays a machine's end of a channel."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from websockets.sync.server import ServerConnection, serve

Script = Callable[["Far"], None]


class Far:
    """The machine's side: what it gets and what it says."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    def say(self, kind: int, data: bytes) -> None:
        self.socket.send(bytes([kind]) + data)

    def control(self, **message: Any) -> None:
        self.say(3, json.dumps(message).encode())

    def hear(self) -> tuple[int, Any]:
        message = self.socket.recv()
        raw = message if isinstance(message, bytes) else message.encode()
        return raw[0], json.loads(raw[1:]) if raw[0] == 3 else raw[1:]

    def hear_all(self) -> bytes:
        """Everything up to the end of the input."""
        whole = b""
        while True:
            kind, data = self.hear()
            if kind == 3:
                assert data == {"eof": True}
                return whole
            whole += data


@contextmanager
def machine(script: Script, asked: list[dict[str, Any]] | None = None) -> Iterator[Any]:
    """Something like a `Machine` whose channel is served by `script`; its ticket requests are put into `asked`."""

    def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        assert socket.request.path == "/api/v1/channel?ticket=one%2Fuse"
        script(Far(socket))

    def ticket(purpose: str, **more: Any) -> dict[str, str]:
        if asked is not None:
            asked.append({"purpose": purpose, **{key: value for key, value in more.items() if value is not None}})
        return {"ticket": "one/use"}

    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.socket.getsockname()[1]
        transport = SimpleNamespace(uri=f"http://127.0.0.1:{port}", verify=True)
        yield SimpleNamespace(client=SimpleNamespace(transport=transport), name="web", ticket=ticket)
        server.shutdown()
        thread.join()
