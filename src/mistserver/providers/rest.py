"""Vendors whose API is JSON over HTTP: calls, pages, and their refusals as errors of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood, vendors_words

if TYPE_CHECKING:
    import requests

MAX_PAGES = 20_000

Json = dict[str, Any]
Follow = Callable[[Json, int], Mapping[str, Any] | None]  # a page's body, items so far -> parameters of the next page


@dataclass(frozen=True)
class Said:
    """What an error's body tells: the vendor's code (for programs) and its words."""

    code: str = ""
    words: str = ""


@dataclass(frozen=True)
class Dialect:
    """How one vendor's API says no. `said` reads the body of an error, or returns None when it is not the vendor's.

    `kinds` gives the error for the vendor's codes, before the status has a say; `words` for what its words hold (a
    pattern), for vendors whose codes do not tell. `decode` reads bodies that are not JSON.
    """

    title: str
    said: Callable[[Any], Said | None]
    kinds: Mapping[str, type[ProviderError]] = field(default_factory=dict)
    words: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = ()
    decode: Callable[[bytes], Any] = msgspec.json.decode


class Rest:
    """Calls to one vendor's API. `headers` go with each, among them usually the credentials."""

    def __init__(self, http: Http, dialect: Dialect, headers: Mapping[str, str] | None = None) -> None:
        self.http = http
        self.where = http.where
        self.dialect = dialect
        self.headers = {"Accept": "application/json", **(headers or {})}

    def close(self) -> None:
        self.http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The decoded answer; None when the vendor answers without a body (204). Raises ProviderError only."""
        return self._decoded(self.ask(method, path, params=params, body=body, headers=headers))

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """An answer that is a success. `body` goes as JSON, bytes as they are (`headers` then say what they are)."""
        sent = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        kind = {} if sent is None else {"Content-Type": "application/json"}
        every = {**self.headers, **kind, **(headers or {})}
        answer = self.http.exchange(method, path, params=params, headers=every, body=sent)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self.dialect, self.where)
        return answer

    def get(self, path: str, **params: Any) -> Json:
        """A JSON object; an answer of another kind is a bad one."""
        return self._object(self.call("GET", path, params=params or None))

    def post(self, path: str, body: Any = None) -> Json:
        """As `get`; an answer without a body is an empty object."""
        answer = self.call("POST", path, body=body)
        return {} if answer is None else self._object(answer)

    def delete(self, path: str, **params: Any) -> None:
        """The answer may hold nothing, or JSON of no interest."""
        answer = self.ask("DELETE", path, params=params or None)
        if answer.content:
            decoded(answer.content, self.where)

    def found(self, path: str, **params: Any) -> Json | None:
        """As `get`; None for what the vendor does not know."""
        try:
            return self.get(path, **params)
        except ProviderNotFound:
            return None

    def pages(self, path: str, key: str, follow: Follow, **params: Any) -> list[Json]:
        """The items under `key` of every page, as many as there are; `follow` says how to ask for the next page."""
        items: list[Json] = []
        asked: dict[str, Any] = params
        for _ in range(MAX_PAGES):
            body = self.get(path, **asked)
            items += self._items(body, key)
            with understood(self.where):
                more = follow(body, len(items))
            if more is None:
                return items
            asked = {**params, **more}
        raise bad_answer(self.where)

    def _decoded(self, answer: requests.Response) -> Any:
        return None if answer.status_code == 204 else decoded(answer.content, self.where)

    def _items(self, body: Json, key: str) -> list[Json]:
        found = body.get(key)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise bad_answer(self.where)
        return found

    def _object(self, answer: Any) -> Json:
        if not isinstance(answer, dict):
            raise bad_answer(self.where)
        return answer


def one_page(body: Json, count: int) -> None:
    """For listings that come whole."""


def by_number(pages: Callable[[Json], Any], name: str = "page") -> Follow:
    """Pages with numbers from 1; `pages` reads from a body how many there are."""
    state = {"page": 1}

    def follow(body: Json, count: int) -> Mapping[str, Any] | None:
        total = pages(body)
        if not isinstance(total, int) or state["page"] >= total:
            return None
        state["page"] += 1
        return {name: state["page"]}

    return follow


def by_link(link: Callable[[Json], Any]) -> Follow:
    """Pages that name the next one's URL. Only its query is used: the credentials go nowhere else."""

    def follow(body: Json, count: int) -> Mapping[str, Any] | None:
        url = link(body)
        return dict(parse_qsl(urlsplit(url).query)) if isinstance(url, str) and url else None

    return follow


def by_cursor(cursor: Callable[[Json], Any], name: str) -> Follow:
    """Pages that carry a mark of where the next one begins."""

    def follow(body: Json, count: int) -> Mapping[str, Any] | None:
        value = cursor(body)
        return {name: value} if value else None

    return follow


def decoded(body: bytes, where: str) -> Any:
    """JSON, or ProviderBadAnswer (which says so when it is a web page)."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise bad_answer(where, body) from None


def refusal(answer: requests.Response, dialect: Dialect, where: str) -> ProviderError:
    """The error of ours for an answer that is no success. Facts: the status, and the vendor's code where it has one."""
    status, title = answer.status_code, dialect.title
    said = _said(answer, dialect)
    facts: dict[str, Any] = {"status": status}
    if status == 429:
        return rate_limited(title, retry_after_s(answer), **facts)
    if said is None:
        if status in (401, 403):
            return ProviderAuthFailed(f"{title} does not accept the credentials (status {status}).", **facts)
        if status >= 500:
            return ProviderUnreachable(f"{where} answered with status {status}.", **facts)
        return bad_answer(where, answer.content)
    return refused(status, said, dialect, retry_after_s(answer))


def refused(status: int, said: Said, dialect: Dialect, wait_s: float | None = None) -> ProviderError:
    """The error of ours for what a vendor said of its refusal; `wait_s` is the pause that it asks for."""
    title = dialect.title
    facts: dict[str, Any] = {"status": status} | ({"vendor_code": said.code} if said.code else {})
    words = vendors_words(said.words) or said.code or f"status {status}"
    kind = _kind(status, said, dialect)
    if kind is ProviderRateLimited:
        facts["retry_after_s"] = wait_s
    sentence = _SENTENCES.get(kind, _SENTENCES[ProviderRejected])
    if kind is ProviderAuthFailed and status == 403:
        sentence = "{title} does not allow that with these credentials: {words}"
    return kind(sentence.format(title=title, words=words), **facts)


def rate_limited(title: str, wait_s: float | None, **facts: Any) -> ProviderRateLimited:
    when = "later" if wait_s is None else f"in {wait_s:g} s"
    return ProviderRateLimited(f"{title} asks to be asked less often; try again {when}.", retry_after_s=wait_s, **facts)


def retry_after_s(answer: requests.Response) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3); a date in it counts from the answer's own Date."""
    told = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}", told):
        return float(told)
    from email.utils import parsedate_to_datetime

    try:
        wait = parsedate_to_datetime(told) - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())


_SENTENCES: dict[type[ProviderError], str] = {
    ProviderAuthFailed: "{title} does not accept the credentials: {words}",
    ProviderNotFound: "{title} does not know that: {words}",
    ProviderRateLimited: "{title} cannot do that yet, try again in a moment: {words}",
    ProviderQuota: "{title} has no room for that: {words}",
    ProviderRejected: "{title} refused: {words}",
    ProviderTimeout: "{title} did not answer in time: {words}",
    ProviderUnreachable: "{title} has a fault of its own: {words}",
}


def _said(answer: requests.Response, dialect: Dialect) -> Said | None:
    try:
        return dialect.said(dialect.decode(answer.content))
    except (msgspec.DecodeError, RecursionError, ValueError, SyntaxError, LookupError, TypeError, AttributeError):
        return None


def _kind(status: int, said: Said, dialect: Dialect) -> type[ProviderError]:
    if said.code in dialect.kinds:
        return dialect.kinds[said.code]
    for pattern, kind in dialect.words:
        if pattern.search(said.words):
            return kind
    by_status: dict[int, type[ProviderError]] = {
        401: ProviderAuthFailed,
        402: ProviderQuota,
        403: ProviderAuthFailed,
        404: ProviderNotFound,
        408: ProviderTimeout,
        410: ProviderNotFound,
        504: ProviderTimeout,
        507: ProviderQuota,
    }
    return by_status.get(status, ProviderUnreachable if status >= 500 else ProviderRejected)
