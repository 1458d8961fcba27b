"""One HTTP exchange with a service, headers and all."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`headers` by name in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send exactly these headers (and a JSON body's type) to a port of this machine."""
    kind = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection = kind if tls is None else http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=tls)
    raw = None if body is None else json.dumps(body).encode()
    sent = {**({"Content-Type": "application/json"} if raw else {}), **(headers or {})}
    try:
        connection.request(method, path, raw, sent)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()
