"""Calls to a cluster: the vendor's tree of resources as the library `proxmoxer` knows it, on connections of ours.

The library's own connections would take authorities and proxies from the service's environment; here it builds paths
and unpacks answers, and nothing else.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from mistserver.domain.errors import (
    AlreadyExists,
    Conflict,
    MistError,
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRejected,
    ProviderTimeout,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.proxmox.settings import TITLE, Settings, url
from mistserver.providers.rest import Dialect, Json, Said, decoded, refusal, refused

if TYPE_CHECKING:
    import requests

_ROOT = "/api2/json"
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.1, 2.0  # how often a task is looked at: the API has no way to wait for one
_NODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_UPID = re.compile(r"UPID:([A-Za-z0-9-]+):[A-Za-z0-9@!._:+-]+")
_UNKNOWN = re.compile(r"(does not exist|unable to find configuration|no such (vm|ct))", re.IGNORECASE)
_FULL = re.compile(
    r"(no space|not enough|insufficient|out of (space|memory)|quota|exceed|any free VMID)", re.IGNORECASE
)
_WORDS = ((_UNKNOWN, ProviderNotFound), (_FULL, ProviderQuota))
_THERE_ALREADY = re.compile(r"already exists", re.IGNORECASE)
_CHANGED = re.compile(r"detected modified configuration", re.IGNORECASE)


class Api:
    """One cluster, by way of one of its nodes. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        settings: Settings = account.settings
        fingerprint = None if account.ca_pem else settings.fingerprint
        self._http = Http(account, url(settings), fingerprint=fingerprint)
        self.where = self._http.where
        self.timeout_s = account.timeout_s
        self._headers = {"Accept": "application/json"}
        self._csrf: dict[str, str] = {}
        try:
            if settings.token_id:
                self._headers["Authorization"] = f"PVEAPIToken={settings.token_id}={settings.token_secret}"
            self._tree = self._grown()
            if not settings.token_id:
                self._sign_in(settings)
        except BaseException:
            self._http.close()
            raise

    def close(self) -> None:
        self._http.close()

    def get(self, *path: str, **params: Any) -> Any:
        return self._tree(list(path)).get(**params)

    def listed(self, *path: str, **params: Any) -> list[Json]:
        """As `get`, for a list of objects."""
        found = self.get(*path, **params)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise bad_answer(self.where)
        return found

    def post(self, *path: str, **data: Any) -> Any:
        return self._tree(list(path)).post(**data)

    def put(self, *path: str, **data: Any) -> Any:
        return self._tree(list(path)).put(**data)

    def delete(self, *path: str, **params: Any) -> Any:
        return self._tree(list(path)).delete(**params)

    def finished(self, task: Any, timeout_s: float) -> None:
        """Wait until a task is done, that a call has begun. What its end says of a failure is an error of ours."""
        match = _UPID.fullmatch(task) if isinstance(task, str) else None
        if match is None:
            raise bad_answer(self.where)
        until, pause_s = time.monotonic() + timeout_s, _FIRST_LOOK_S
        while True:
            told = self.get("nodes", match[1], "tasks", str(task), "status")
            with understood(self.where):
                if told["status"] == "stopped":
                    if told["exitstatus"] == "OK" or str(told["exitstatus"]).startswith("WARNINGS"):
                        return
                    raise _failure(400, Said(words=str(told["exitstatus"])))
            if time.monotonic() + pause_s > until:
                raise ProviderTimeout(f"{self.where} was not done in time.", where=self.where)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_LOOK_S)

    @contextmanager
    def within(self, timeout_s: float) -> Iterator[None]:
        """Calls have at most this time-out while the context is open."""
        usual, self._http.timeout_s = self._http.timeout_s, min(self._http.timeout_s, timeout_s)
        try:
            yield
        finally:
            self._http.timeout_s = usual

    def request(self, method: str, address: str, data: Any = None, params: Any = None) -> requests.Response:
        """What the library calls a session: one exchange whose refusal is an error of ours already."""
        body = urlencode({name: _text(value) for name, value in (data or {}).items()}) if data else None
        headers = self._headers if method == "GET" else {**self._headers, **self._csrf}
        headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"} if body else headers
        answer = self._http.exchange(
            method, address.removeprefix(self._http.url), params=params, headers=headers, body=body
        )
        if not 200 <= answer.status_code < 300:
            raise _refused(answer, self.where)
        return answer

    def loads(self, answer: requests.Response) -> Any:
        """What the library calls a serializer: what an answer holds."""
        body = decoded(answer.content, self.where)
        if not isinstance(body, dict) or "data" not in body:
            raise bad_answer(self.where)
        return body["data"]

    def _grown(self) -> Any:
        from proxmoxer.core import ProxmoxResource

        return ProxmoxResource(base_url=self._http.url + _ROOT, session=self, serializer=self)

    def _sign_in(self, settings: Settings) -> None:
        """Not by way of the library, which would put the password into a log record."""
        given = {"username": settings.username, "password": settings.password}
        told = self.loads(self.request("POST", f"{self._http.url}{_ROOT}/access/ticket", given))
        with understood(self.where):
            if told.get("NeedTFA"):
                raise ProviderAuthFailed(f"{TITLE} asks this user for a second factor; give an API token instead.")
            self._headers["Cookie"] = f"PVEAuthCookie={told['ticket']}"
            self._csrf = {"CSRFPreventionToken": str(told["CSRFPreventionToken"])}


def is_node(name: Any) -> bool:
    """Whether that can be a node's name, and so a part of a path."""
    return isinstance(name, str) and _NODE.fullmatch(name) is not None


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _refused(answer: requests.Response, where: str) -> MistError:
    """The reason stands in the status line, and from version 8 on in the body too. Nearly all of them are a 500."""
    try:
        body = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict) or "data" not in body or answer.status_code == 429:
        return refusal(answer, _DIALECT, where)
    wrong = body.get("errors")
    parts = [body.get("message") or answer.reason or ""]
    parts += [f"{name}: {said}" for name, said in wrong.items()] if isinstance(wrong, dict) else []
    status = 400 if answer.status_code == 500 else answer.status_code
    return _failure(status, Said(words=" ".join(str(part).strip() for part in parts)))


def _failure(status: int, said: Said) -> MistError:
    error = refused(status, said, _DIALECT)
    if isinstance(error, ProviderRejected):
        if _THERE_ALREADY.search(said.words):
            return AlreadyExists(error.message, **error.facts)
        if _CHANGED.search(said.words):
            return Conflict("Somebody else changed the machine at the same moment; try again.", **error.facts)
    return error


_DIALECT = Dialect(TITLE, lambda body: None, words=_WORDS)
