"""The engine's way to start a command in a container: a request whose connection becomes the command's stream."""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

from mistserver.domain.errors import MachineLost, MachineUnreachable, ProviderNotFound
from mistserver.providers.docker.api import Api, mapped
from mistserver.providers.http_errors import bad_answer, vendors_words

TICK_S = 0.2
_TURN_S = 0.02
_PIECE = 65536
_HEAD_LIMIT = 65536
_STREAMS = {1: "stdout", 2: "stderr"}
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})")


class Stream:
    """The bytes of one started command, both ways. `recv` waits a tick at most, so that its caller can look around.

    One thread may read while another writes: they take turns, since a TLS connection breaks when both use it at once
    (Python guards it only from 3.13 on). Waiting for something to read is no turn.
    """

    def __init__(self, connection: Any, ahead: bytes) -> None:
        self._connection = connection
        self._ahead = ahead
        self._turn = threading.Lock()

    def recv(self) -> bytes | None:
        """The next bytes; None when there were none within a tick; b"" at the end."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        try:
            if not self._arrived():
                return None
            with self._turn:
                self._connection.settimeout(_TURN_S)
                return bytes(self._connection.recv(65536))
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

    def _arrived(self) -> bool:
        """Whether there is something to read, or the end, within a tick."""
        if getattr(self._connection, "pending", int)():
            return True
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        return bool(waiting.poll(TICK_S * 1000))

    def close(self) -> None:
        self._connection.close()


def start(api: Api, exec_id: str, *, tty: bool) -> Stream:
    """Start a prepared command. What arrives together with the engine's answer is the command's output, too."""
    body = json.dumps({"Detach": False, "Tty": tty}).encode()
    head = [
        f"POST /v{api.version()}/exec/{exec_id}/start HTTP/1.1",
        f"Host: {api.address.host or 'docker'}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: Upgrade",
        "Upgrade: tcp",
    ]
    secret = api.authorization()
    head += [f"Authorization: {secret}"] if secret else []
    connection = api.stream()
    try:
        with mapped("start a command", api.where):
            connection.settimeout(api.timeout_s)
            connection.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
            status, ahead = _answer(connection, api.where)
        if status not in (101, 200):
            raise _refused(status, ahead)
    except BaseException:
        connection.close()
        raise
    _keep_alive(connection)
    return Stream(connection, ahead)


def frames(stream: Stream) -> Iterator[tuple[str, bytes] | None]:
    """Stream name and data as the engine frames them (without a terminal); None for each tick of silence."""
    waiting = b""
    while True:
        while len(waiting) >= 8 and len(waiting) - 8 >= (size := struct.unpack(">I", waiting[4:8])[0]):
            yield _STREAMS.get(waiting[0], "stdout"), waiting[8 : 8 + size]
            waiting = waiting[8 + size :]
        data = stream.recv()
        if data is None:
            yield None
        elif data:
            waiting += data
        elif waiting:
            raise MachineLost("The connection to Docker broke in the middle of a command's output.")
        else:
            return


def _answer(connection: Any, where: str) -> tuple[int, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or len(data) > _HEAD_LIMIT:
            raise bad_answer(where, data)
        data += more
    head, _, ahead = data.partition(b"\r\n\r\n")
    match = _STATUS.match(head)
    if match is None:
        raise bad_answer(where, data)
    return int(match[1]), ahead


def _refused(status: int, body: bytes) -> Exception:
    said = vendors_words(body.decode("utf-8", "replace"))
    if status == 404:
        return ProviderNotFound(f"Docker has no such container: {said}")
    return MachineUnreachable(f"The container takes no commands ({status}): {said}")


def _keep_alive(connection: Any) -> None:
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
