"""Calls to OVHcloud's API, signed as https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api describes it."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mistserver.domain.errors import ProviderAuthFailed, ProviderQuota
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import Dialect, Json, Rest, Said, decoded

if TYPE_CHECKING:
    import requests

TIME = "/1.0/auth/time"
_NO_ROOM = re.compile(r"(quota|no valid host|not enough|insufficient|out of stock|sold out)", re.IGNORECASE)
_KINDS = MappingProxyType(
    dict.fromkeys(
        (
            "INVALID_SIGNATURE",
            "INVALID_CREDENTIAL",
            "INVALID_KEY",
            "NOT_CREDENTIAL",
            "NOT_GRANTED_CALL",
            "QUERY_TIME_OUT",
        ),
        ProviderAuthFailed,
    )
)


@dataclass(frozen=True)
class Keys:
    """What a signature is made with."""

    application: str
    secret: str = field(repr=False)
    consumer: str = field(repr=False)


def signature(keys: Keys, method: str, url: str, body: bytes, moment: int) -> str:
    """`X-Ovh-Signature` of a request for the whole `url` at `moment` (seconds since 1970, by OVHcloud's clock)."""
    signed = "+".join((keys.secret, keys.consumer, method, url)).encode() + b"+" + body + f"+{moment}".encode()
    return "$1$" + hashlib.sha1(signed, usedforsecurity=False).hexdigest()


class Api(Rest):
    """The calls of one set of keys. The vendor's clock is asked for once: a signature of another time is refused."""

    def __init__(self, http: Http, title: str, keys: Keys) -> None:
        super().__init__(http, Dialect(title, _said, kinds=_KINDS, words=((_NO_ROOM, ProviderQuota),)))
        self._keys = keys
        self._ahead_s: int | None = None
        http.session.auth = self._sign

    def ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        if self._ahead_s is None and path != TIME:
            now = self.call("GET", TIME)
            if not isinstance(now, int):
                raise bad_answer(self.where)
            self._ahead_s = now - int(time.time())
        return super().ask(method, path, **sent)

    def all_of(self, path: str, **params: Any) -> list[Json]:
        """A listing; they come whole."""
        found = self.call("GET", path, params=params or None)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise bad_answer(self.where)
        return found

    def told(self, path: str, body: Any = None) -> None:
        """An order. The answer may hold nothing, or JSON of no interest."""
        answer = self.ask("POST", path, body=body)
        if answer.content:
            decoded(answer.content, self.where)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Ovh-Application"] = self._keys.application
        if self._ahead_s is not None:
            moment = int(time.time()) + self._ahead_s
            body = request.body or b""
            plain = body.encode() if isinstance(body, str) else bytes(body)
            request.headers["X-Ovh-Consumer"] = self._keys.consumer
            request.headers["X-Ovh-Timestamp"] = str(moment)
            request.headers["X-Ovh-Signature"] = signature(
                self._keys, request.method or "", request.url or "", plain, moment
            )
        return request


def _said(body: Any) -> Said:
    return Said(code=str(body.get("errorCode") or ""), words=body["message"])
