"""Calls to Oracle Cloud's APIs."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import ProviderQuota, ProviderRateLimited
from mistserver.providers import header_pages
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.oci.signing import Signer
from mistserver.providers.rest import Dialect, Json, Rest, Said

TITLE = "Oracle Cloud"
_PAGE = 500
_FOLLOW = header_pages.by_mark("opc-next-page", "page")
_KINDS = MappingProxyType(
    {
        "LimitExceeded": ProviderQuota,
        "QuotaExceeded": ProviderQuota,
        "IncorrectState": ProviderRateLimited,
        "NoEtagMatch": ProviderRateLimited,
        "TooManyRequests": ProviderRateLimited,
    }
)
_NO_ROOM = re.compile(r"out of( host)? capacity", re.IGNORECASE)


class Api(Rest):
    """One service of a region."""

    def __init__(self, http: Http, signer: Signer) -> None:
        super().__init__(http, Dialect(TITLE, _said, kinds=_KINDS, words=((_NO_ROOM, ProviderQuota),)))
        http.session.auth = signer

    def all_of(self, path: str, **params: Any) -> list[Json]:
        """The objects of every page. A page may be empty and not the last."""
        found: list[Json] = []
        for body in header_pages.bodies(self, path, _FOLLOW, limit=_PAGE, **params):
            if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
                raise bad_answer(self.where)
            found += body
        return found


def _said(body: Any) -> Said:
    return Said(code=body["code"], words=body["message"])
