"""The engine's way to start a command in a container: a request whose connection becomes the command's stream."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from typing import Any

from mistserver.domain.errors import MachineLost, MachineUnreachable, ProviderNotFound
from mistserver.providers.docker.api import Api, mapped
from mistserver.providers.duplex import Stream
from mistserver.providers.http_errors import bad_answer, vendors_words

_HEAD_LIMIT = 65536
_STREAMS = {1: "stdout", 2: "stderr"}
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})")


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
