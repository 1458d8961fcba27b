"""Calls to a CloudStack: signed commands, every page of a list, and refusals as errors of ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import MAX_PAGES, Dialect, Json, Said, decoded, refusal, refused

_PAGE = 100
# https://docs.cloudstack.apache.org/en/latest/developersguide/dev.html, error codes
_KINDS: Mapping[str, type[ProviderError]] = {
    "429": ProviderRateLimited,
    "432": ProviderRejected,
    "531": ProviderAuthFailed,
    "532": ProviderQuota,
    "533": ProviderQuota,
    "535": ProviderQuota,
    "536": ProviderRejected,
    "537": ProviderRejected,
}
_WORDS = ((re.compile(r"entity does not exist|unable to find", re.IGNORECASE), ProviderNotFound),)


def signature(secret: str, params: Mapping[str, str]) -> str:
    """What proves that the owner of the secret sent these parameters.

    https://docs.cloudstack.apache.org/en/latest/developersguide/dev.html, "How to sign an API call". Values are escaped
    as the vendor's Java does it: blanks as %20, and the tilde too.
    """
    values = {name.lower(): quote(value, safe="*").replace("~", "%7E") for name, value in params.items()}
    told = "&".join(f"{name}={values[name]}" for name in sorted(values)).lower()
    return b64encode(hmac.new(secret.encode(), told.encode(), hashlib.sha1).digest()).decode()


class Api:
    """One account at one CloudStack. Closed with `close`; one thread at a time."""

    def __init__(self, http: Http, title: str, key: str, secret: str) -> None:
        self.where = http.where
        self._http = http
        self._key = key
        self._secret = secret
        self._dialect = Dialect(title, _said, _KINDS, _WORDS)

    def close(self) -> None:
        self._http.close()

    def call(self, command: str, body: Mapping[str, str] | None = None, /, **params: Any) -> Json:
        """One command. `body` are parameters that may be long: they are sent as a form."""
        asked = {"command": command, "response": "json", "apiKey": self._key}
        asked |= {name: str(value) for name, value in params.items() if value is not None}
        signed = {**asked, "signature": signature(self._secret, {**asked, **(body or {})})}
        method, headers, sent = "GET", {"Accept": "application/json"}, None
        if body is not None:
            method, sent = "POST", urlencode(body)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._http.exchange(method, "", params=signed, headers=headers, body=sent)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self.where)
        told = decoded(answer.content, self.where)
        found = told.get(f"{command.lower()}response") if isinstance(told, dict) else None
        if not isinstance(found, dict):
            raise bad_answer(self.where, answer.content)
        if "errorcode" in found:
            code = found["errorcode"]
            raise refused(code if isinstance(code, int) else 0, _said(told) or Said(), self._dialect)
        return found

    def list(self, command: str, key: str, **params: Any) -> list[Json]:
        """Every page. The end is what the vendor counted, and a page that is not full where it did not count."""
        items: list[Json] = []
        for page in range(1, MAX_PAGES):
            body = self.call(command, page=page, pagesize=_PAGE, **params)
            found = body.get(key, [])
            if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
                raise bad_answer(self.where)
            items += found
            counted = body.get("count")
            if not found or (len(items) >= counted if isinstance(counted, int) else len(found) < _PAGE):
                return items
        raise bad_answer(self.where)


def _said(body: Any) -> Said | None:
    for each in body.values():
        if "errorcode" in each:
            return Said(code=str(each["errorcode"]), words=str(each.get("errortext") or ""))
    return None
