"""WebSockets over our own connections, which the library itself would open without the backend's trust and way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mistserver.domain.errors import ProviderNotFound, ProviderTimeout
from mistserver.providers.duplex import Stream
from mistserver.providers.http_errors import bad_answer


class Channel:
    """One WebSocket of binary messages. A text message, or the end of the connection, is the end of the bytes.

    `take` belongs to one thread, `send` to another.
    """

    def __init__(self, stream: Stream, target: str, where: str, timeout_s: float) -> None:
        from websockets.client import ClientProtocol
        from websockets.uri import parse_uri

        self.stream = stream
        self.ended = False
        self._late: list[bytes] = []  # answers to pings that found the connection busy
        self._turn, self._sending = threading.Lock(), threading.Lock()
        self._protocol = ClientProtocol(parse_uri(f"ws://mist.invalid{target}"), max_size=None)
        request = self._protocol.connect()
        self._protocol.send_request(request)
        stream.send(b"".join(self._protocol.data_to_send()))
        self._greeted(where, timeout_s)

    def take(self) -> bytes:
        """What came, b"" when that was no data; sets `ended`."""
        from websockets.frames import OP_BINARY, OP_CLOSE, OP_CONT, OP_TEXT, Frame

        came = self.stream.recv()
        if came is None:
            return b""
        found = []
        for event in self._understood(came):
            if isinstance(event, Frame) and event.opcode in (OP_BINARY, OP_CONT):
                found.append(bytes(event.data))
            elif isinstance(event, Frame) and event.opcode in (OP_TEXT, OP_CLOSE):
                self.ended = True
        self.ended = self.ended or came == b""
        if self.ended:  # the server waits for that before it calls the command done
            self.close()
        return b"".join(found)

    def send(self, data: bytes) -> None:
        """A binary message. OSError or ValueError when the other side is gone."""
        self._say(lambda: self._protocol.send_binary(data))

    def send_text(self, text: bytes) -> None:
        self._say(lambda: self._protocol.send_text(text))

    def close(self) -> None:
        from websockets.exceptions import WebSocketException

        if self._sending.acquire(blocking=False):  # who sends at this moment finds the connection closed
            try:
                self._protocol.send_close(1000)
                self.stream.send(b"".join(self._protocol.data_to_send()))
            except (OSError, ValueError, WebSocketException):
                pass
            finally:
                self._sending.release()
        self.stream.close()

    def _say(self, put: Callable[[], None]) -> None:
        from websockets.exceptions import InvalidState

        with self._sending:
            with self._turn:
                try:
                    put()
                except InvalidState:
                    raise BrokenPipeError("the WebSocket is closed") from None
                out = [*self._late, *self._protocol.data_to_send()]
                self._late = []
            self.stream.send(b"".join(out))

    def _understood(self, came: bytes) -> list[object]:
        with self._turn:
            if came:
                self._protocol.receive_data(came)
            else:
                self._protocol.receive_eof()
            events: list[object] = list(self._protocol.events_received())
            self._late += [each for each in self._protocol.data_to_send() if each]
        if self._late and self._sending.acquire(blocking=False):
            try:
                with self._turn:
                    out, self._late = self._late, []
                self.stream.send(b"".join(out))
            except (OSError, ValueError):
                self.ended = True
            finally:
                self._sending.release()
        return events

    def _greeted(self, where: str, timeout_s: float) -> None:
        """Wait for the server's handshake."""
        from websockets.http11 import Response

        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            came = self.stream.recv()
            if came is None:
                continue
            answers = [each for each in self._understood(came) if isinstance(each, Response)]
            if self._protocol.handshake_exc is not None:
                if answers and answers[0].status_code == 404:
                    raise ProviderNotFound(f"{where} has ended that already.", where=where)
                raise bad_answer(where)
            if answers:
                return
            if came == b"":
                raise bad_answer(where)
        raise ProviderTimeout(f"{where} did not answer in time.", where=where)
