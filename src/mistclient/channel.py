"""A channel to a machine: a terminal, one command, or a file, through the service's WebSocket."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from mistclient.errors import MachineLost, ServiceUnreachable, from_record
from mistclient.transport import PREFIX, proxy_for

if TYPE_CHECKING:
    from websockets.sync.connection import Connection

    from mistclient.model.machine import Machine

STDIN, STDOUT, STDERR, CONTROL = range(4)
PIECE_BYTES = 64 * 1024


class Frame(NamedTuple):
    """`kind` is STDOUT, STDERR or CONTROL; control frames carry a dictionary, the others bytes."""

    kind: int
    data: bytes
    control: dict[str, Any]


class Channel:
    """Opened with a one-use ticket. One thread may send while another iterates over what comes."""

    def __init__(self, machine: Machine, purpose: str, **asked: Any) -> None:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        transport = machine.client.transport
        parts = urlsplit(transport.uri)
        ticket = machine.ticket(purpose, **asked)["ticket"]
        address = f"ws{transport.uri.removeprefix('http')}{PREFIX}/channel?ticket={quote(str(ticket), safe='')}"
        try:
            self._socket: Connection = connect(
                address,
                ssl=_tls(transport.uri, transport.verify),
                compression=None,
                open_timeout=30,
                max_size=4 * 1024 * 1024,
                proxy=proxy_for(parts.scheme, parts.hostname or ""),
            )
        except (OSError, WebSocketException) as error:
            raise ServiceUnreachable(
                f"{transport.uri} did not open a channel to {machine.name}: {type(error).__name__}.",
                details={"uri": transport.uri},
            ) from None
        self.exit_code: int | None = None

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        """What the machine sends, until the end; an error of the service or the machine is raised."""
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                message = self._socket.recv()
            except ConnectionClosed:
                if self.exit_code is None:
                    raise MachineLost("The connection to the machine was lost.") from None
                return
            raw = message if isinstance(message, bytes) else message.encode()
            if not raw:
                continue
            if raw[0] != CONTROL:
                yield Frame(raw[0], raw[1:], {})
                continue
            control = json.loads(raw[1:])
            if "error" in control:
                raise from_record(control["error"])
            yield Frame(CONTROL, b"", control)
            if "exit_code" in control:
                code = control["exit_code"]
                self.exit_code = 255 if code is None else int(code)
                return

    def write(self, data: bytes) -> None:
        self._send(bytes([STDIN]) + data)

    def end_input(self) -> None:
        self.control(eof=True)

    def resize(self, cols: int, rows: int) -> None:
        self.control(resize={"cols": cols, "rows": rows})

    def control(self, **message: Any) -> None:
        self._send(bytes([CONTROL]) + json.dumps(message).encode())

    def _send(self, message: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            self._socket.send(message)
        except ConnectionClosed:
            if self.exit_code is None:
                raise MachineLost("The connection to the machine was lost.") from None

    def close(self) -> None:
        self._socket.close()


def _tls(uri: str, verify: bool | str) -> ssl.SSLContext | None:
    if not uri.startswith("https:"):
        return None
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
