"""Connections that carry bytes both ways at once: the streams of commands and terminals."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

TICK_S = 0.2
_TURN_S = 0.02
_PIECE = 65536


class Stream:
    """A connection's bytes. `recv` waits a tick at most, so that its caller can look around.

    One thread may read while another writes: they take turns, since a TLS connection breaks when both use it at once
    (Python guards it only from 3.13 on). Waiting for something to read is no turn. `ahead` was read already.
    """

    def __init__(self, connection: Any, ahead: bytes = b"") -> None:
        self._connection = connection
        self._ahead = ahead
        self._turn = threading.Lock()
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def recv(self) -> bytes | None:
        """The next bytes; None when there were none within a tick; b"" at the end."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        try:
            if not arrived([self], TICK_S):
                return None
            with self._turn:
                self._connection.settimeout(_TURN_S)
                return bytes(self._connection.recv(_PIECE))
        except TimeoutError:
            return None
        except (OSError, ValueError):
            return b""

    def send(self, data: bytes) -> None:
        """All of `data`; an error when the other side is gone."""
        view = memoryview(data)
        while view:
            try:
                with self._turn:
                    self._connection.settimeout(_TURN_S)
                    sent = self._connection.send(view[:_PIECE])
            except TimeoutError:
                time.sleep(_TURN_S)  # the other side takes nothing now; reading may be what it waits for
                continue
            view = view[sent:]

    def close(self) -> None:
        self._connection.close()

    def _pending(self) -> bool:
        """Whether bytes wait on this side of the connection already, where polling does not see them."""
        return bool(self._ahead) or bool(getattr(self._connection, "pending", int)())


def arrived(streams: Sequence[Stream], timeout_s: float) -> list[Stream]:
    """Those with something to read, or at their end; waits for the first one. ValueError when one is closed."""
    ready = [each for each in streams if each._pending()]
    if ready:
        return ready
    waiting = select.poll()
    by_number = {each._connection.fileno(): each for each in streams}
    for number in by_number:
        if number < 0:
            raise ValueError("the stream is closed")
        waiting.register(number, select.POLLIN)
    return [by_number[number] for number, _ in waiting.poll(timeout_s * 1000)]
