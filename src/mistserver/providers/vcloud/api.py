"""Calls to a vCloud Director: one session, every page of a query, and refusals as errors of ours."""

from __future__ import annotations

import contextlib
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mistserver.domain.errors import (
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import MAX_PAGES, Dialect, Said, refusal
from mistserver.providers.vcloud import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import requests

Version = tuple[int, int]
NEWEST: Version = (37, 99)  # after it one signs in elsewhere
_PAGE = 128
_KINDS: dict[str, type[ProviderError]] = {
    "ACCESS_TO_RESOURCE_IS_FORBIDDEN": ProviderNotFound,  # what the vendor says of things that are gone
    "RESOURCE_NOT_FOUND": ProviderNotFound,
    "OPERATION_LIMITS_EXCEEDED": ProviderRateLimited,
}
_WORDS = ((re.compile(r"quota|exceed|insufficient|not enough|no available (ip|host)", re.IGNORECASE), ProviderQuota),)


class Api:
    """One organization at one vCloud Director. Closed with `close`; one thread at a time."""

    def __init__(self, http: Http, title: str, login: str, password: str) -> None:
        self.where = http.where
        self._http = http
        self._dialect = Dialect(title, _said, _KINDS, _WORDS, decode=xml.document)
        self._basic = "Basic " + b64encode(f"{login}:{password}".encode()).decode()
        self._headers: dict[str, str] = {}
        self.version: Version = (0, 0)

    def close(self) -> None:
        """Also ends the session: a vendor allows a user so many."""
        if self._headers:
            with contextlib.suppress(ProviderError):
                self._exchange("DELETE", "/api/session", self._headers)
        self._http.close()

    def sign_in(self) -> None:
        """Agree on a version and open a session, once."""
        if self._headers:
            return
        answer = self._exchange("GET", "/api/versions", {"Accept": "*/*"})
        self.version = self._agreed(xml.answered(answer.content, "SupportedVersions", self.where))
        accept = {"Accept": f"application/*+xml;version={self.version[0]}.{self.version[1]}"}
        answer = self._exchange("POST", "/api/sessions", {**accept, "Authorization": self._basic})
        token = answer.headers.get("x-vcloud-authorization")
        if not token:
            raise bad_answer(self.where, answer.content)
        xml.answered(answer.content, "Session", self.where)
        self._headers = {**accept, "x-vcloud-authorization": token}

    def get(self, path: str, name: str, **params: Any) -> Element:
        """A document whose root is called `name`."""
        self.sign_in()
        answer = self._exchange("GET", path, self._headers, params=params or None)
        return xml.answered(answer.content, name, self.where)

    def send(
        self,
        method: str,
        path: str,
        name: str,
        document: tuple[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Element:
        """An order, with a document (its kind and itself) where it takes one; answered by one called `name`."""
        self.sign_in()
        headers, body = self._headers, None
        if document is not None:
            headers, body = {**headers, "Content-Type": f"application/vnd.vmware.vcloud.{document[0]}+xml"}, document[1]
        answer = self._exchange(method, path, headers, params=params, body=body)
        found = xml.answered(answer.content, name, self.where)
        error = xml.child(found, "Error") if name == "Task" else None
        if error is not None and found.get("status") == "error":
            raise ProviderRejected(f"{self._dialect.title} refused: {error.get('message', '')[:500]}")
        return found

    def query(self, type: str, **params: str) -> list[Mapping[str, str]]:
        """The records of every page, as their attributes."""
        records: list[Mapping[str, str]] = []
        asked: dict[str, Any] = {"type": type, "format": "records", "pageSize": _PAGE, **params}
        for page in range(1, MAX_PAGES):
            found = self.get("/api/query", "QueryResultRecords", page=page, **asked)
            these = [each.attrib for each in found if xml.local(each).endswith("Record")]
            records += these
            total = found.get("total", "")
            if not total.isdecimal():
                raise bad_answer(self.where)
            if not these or len(records) >= int(total):
                return records
        raise bad_answer(self.where)

    def _agreed(self, offered: Element) -> Version:
        """The newest version that both sides know."""
        told = [xml.text(each, "Version") for each in xml.children(offered, "VersionInfo")]
        plain = [re.fullmatch(r"(\d{1,3})\.(\d{1,3})", each) for each in told]
        versions = sorted((int(each[1]), int(each[2])) for each in plain if each)
        known = [each for each in versions if each <= NEWEST]
        if not known:
            raise ProviderRejected(
                f"{self.where} speaks the versions {', '.join(told)[:200] or 'none'} of the API; Mist knows those "
                f"from 1.5 to {NEWEST[0]}."
            )
        return known[-1]

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> requests.Response:
        answer = self._http.exchange(method, path, headers=headers, **more)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self.where)
        return answer


def _said(root: Element) -> Said | None:
    if xml.local(root) != "Error":
        return None
    return Said(code=root.get("minorErrorCode", ""), words=root.get("message", ""))
