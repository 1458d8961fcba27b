"""Exoscale's API v2: signed requests, and operations that failed as errors of ours."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mistserver.domain.errors import ProviderAuthFailed, ProviderError, ProviderNotFound, ProviderQuota
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import Dialect, Json, Rest, Said, refused

if TYPE_CHECKING:
    import requests

_LIFE_S = 600  # of a signature
_WORDS = ((re.compile(r"quota|limit|capacity|not enough|sold out", re.IGNORECASE), ProviderQuota),)
_KINDS: Mapping[str, type[ProviderError]] = {"forbidden": ProviderAuthFailed, "not-found": ProviderNotFound}


def authorization(key: str, secret: str, request: tuple[str, str, Mapping[str, str], bytes], expires: int) -> str:
    """The header that proves that the owner of the secret sent this request: method, path, parameters and body.

    https://openapi-v2.exoscale.com/#topic-api-request-signature. `expires` is a Unix time.
    """
    method, path, params, body = request
    names = sorted(params)
    values = "".join(params[name] for name in names)
    told = b"\n".join((f"{method} {path}".encode(), body, values.encode(), b"", str(expires).encode()))
    mac = b64encode(hmac.new(secret.encode(), told, hashlib.sha256).digest()).decode()
    signed = f",signed-query-args={';'.join(names)}" if names else ""
    return f"EXO2-HMAC-SHA256 credential={key}{signed},expires={expires},signature={mac}"


class Signed(Http):
    """The API of one zone."""

    def __init__(self, account: Account, url: str) -> None:
        super().__init__(account, url)
        self._credentials = (account.settings.api_key, account.settings.api_secret)
        self._base = urlsplit(self.url).path

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> requests.Response:
        asked = {name: str(value) for name, value in (params or {}).items()}
        sent = body.encode() if isinstance(body, str) else body or b""
        told = (method, self._base + path, asked, sent)
        proof = authorization(*self._credentials, told, int(time.time()) + _LIFE_S)
        given = {**(headers or {}), "Authorization": proof}
        return super().exchange(method, path, params=asked or None, headers=given, body=body)


class Api(Rest):
    """Calls, lists and orders."""

    def __init__(self, account: Account, url: str, title: str) -> None:
        super().__init__(Signed(account, url), Dialect(title, _said, words=_WORDS))

    def list(self, path: str, key: str, **params: Any) -> list[Json]:
        """All items: the vendor sends them in one answer."""
        return self._items(self.get(path, **params), key)

    def order(self, method: str, path: str, body: Any = None) -> str:
        """An order; the id of what it is about. One that failed at once is an error, others go on by themselves."""
        operation = self._object(self.call(method, path, body=body))
        if operation.get("state") in ("failure", "timeout"):
            said = Said(code=str(operation.get("reason") or ""), words=str(operation.get("message") or ""))
            raise refused(400, said, Dialect(self.dialect.title, _said, _KINDS, _WORDS))
        reference = operation.get("reference")
        if "state" not in operation or not isinstance(reference or {}, dict):
            raise bad_answer(self.where)
        return str((reference or {}).get("id") or "")


def _said(body: Any) -> Said:
    return Said(words=str(body["message"]))
