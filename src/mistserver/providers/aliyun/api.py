"""Calls of Alibaba Cloud's RPC style, and their signature.

https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism describes both.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import MAX_PAGES, Dialect, Json, Rest, Said

_LONG = ("UserData", "PublicKeyBody")  # go in the body: an address may not be that long
_METHOD = "POST"

# The status tells little: a request that cannot be meant has 403 as often as 400. The code stands behind the words.
_WORDS = (
    (
        re.compile(
            r"\((Forbidden\b|NoPermission|InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature|MissingAccessKeyId"
            r"|InvalidSecurityToken|MissingSecurityToken|UnauthorizedOperation)"
        ),
        ProviderAuthFailed,
    ),
    (re.compile(r"\([\w.]*(Throttling|IncorrectInstanceStatus|FlowControl)"), ProviderRateLimited),
    (
        re.compile(r"\([\w.]*(Quota|NoStock|NotOnSale|NotEnoughBalance|InsufficientBalance|LimitExceed|NotAvailable)"),
        ProviderQuota,
    ),
    (re.compile(r"\([\w.]*\.NotFound\)"), ProviderNotFound),
    (re.compile(r"\((?!InternalError|ServiceUnavailable|UnknownError|ServiceError)\w"), ProviderRejected),
)


@dataclass(frozen=True)
class Keys:
    """An access key."""

    id: str
    secret: str = field(repr=False)


def signature(secret: str, method: str, params: Mapping[str, str]) -> str:
    """The `Signature` of a request with these parameters (version 1.0, HMAC-SHA1)."""
    canonical = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(params.items()))
    text = f"{method}&{_quoted('/')}&{_quoted(canonical)}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


class Api(Rest):
    """The actions of one of Alibaba Cloud's services."""

    def __init__(self, http: Http, title: str, keys: Keys, version: str) -> None:
        super().__init__(http, Dialect(title, _said, words=_WORDS))
        self._keys = keys
        self._version = version

    def act(self, action: str, **given: Any) -> Json:
        """One action. Its answer is always an object."""
        params = {name: str(value) for name, value in given.items() if value is not None} | {
            "Action": action,
            "Version": self._version,
            "Format": "JSON",
            "AccessKeyId": self._keys.id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        params["Signature"] = signature(self._keys.secret, _METHOD, params)
        short = _encoded({name: value for name, value in params.items() if name not in _LONG})
        long = _encoded({name: value for name, value in params.items() if name in _LONG})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.call(_METHOD, f"/?{short}", body=long.encode(), headers=form)
        return self._object(answer)

    def by_token(self, action: str, outer: str, inner: str, **given: Any) -> list[Json]:
        """The items of every page of a listing whose pages name the next one by a token."""
        found: list[Json] = []
        token = None
        for _ in range(MAX_PAGES):
            body = self.act(action, NextToken=token, **given)
            found += inside(body, outer, inner, self.where)
            token = body.get("NextToken")
            if not token:
                return found
        raise bad_answer(self.where)

    def by_page(self, action: str, outer: str, inner: str, size: int, **given: Any) -> list[Json]:
        """As `by_token`, for pages with numbers."""
        found: list[Json] = []
        for page in range(1, MAX_PAGES):
            body = self.act(action, PageNumber=page, PageSize=size, **given)
            items = inside(body, outer, inner, self.where)
            found += items
            total = body.get("TotalCount")
            if not isinstance(total, int):
                raise bad_answer(self.where)
            if len(found) >= total or not items:
                return found
        raise bad_answer(self.where)


def inside(body: Json, outer: str, inner: str, where: str) -> list[Json]:
    """The objects of a list, which the API puts into an object of its own."""
    found = body.get(outer)
    items = found.get(inner) if isinstance(found, dict) else None
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise bad_answer(where)
    return items


def plain(body: Any, inner: str) -> list[Any]:
    """A list of values within an answer; one that holds nothing may be of any shape."""
    found = body.get(inner) if isinstance(body, dict) else None
    return found if isinstance(found, list) else []


def tags(pairs: Mapping[str, str]) -> dict[str, str]:
    """Tags as parameters of an action."""
    numbered = list(enumerate(pairs.items(), 1))
    return {f"Tag.{number}.Key": key for number, (key, _) in numbered} | {
        f"Tag.{number}.Value": value for number, (_, value) in numbered
    }


def _encoded(params: Mapping[str, str]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in params.items())


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _said(body: Any) -> Said:
    return Said(code=body["Code"], words=f"{body.get('Message') or ''} ({body['Code']})")
