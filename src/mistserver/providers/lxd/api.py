"""Calls to a server: answers, and operations that go on after an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from mistserver.domain.errors import AlreadyExists, MistError, ProviderBadAnswer, ProviderQuota, ProviderTimeout
from mistserver.providers.base import Account
from mistserver.providers.duplex import Stream
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.lxd.settings import NO_IMAGES, Settings, address, trusted_fingerprint
from mistserver.providers.rest import Dialect, Json, Rest, Said, refused
from mistserver.providers.through import dial_unix

TITLE = "LXD"
_RUNNING = range(100, 200)
_SUCCESS = 200
_BYTES = "application/octet-stream"
_ROOM = re.compile(r"(Reached maximum|no space left|out of memory|exceed|Failed checking .*limit)", re.IGNORECASE)
_THERE_ALREADY = re.compile(r"(already exists|already in use)", re.IGNORECASE)
_IMAGES = {"lxd": "https://images.lxd.canonical.com", "incus": "https://images.linuxcontainers.org"}


def _said(body: Any) -> Said | None:
    return Said(words=body["error"]) if body["type"] == "error" else None


class Api:
    """One project of one server. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        settings: Settings = account.settings
        there = address(settings)
        self._client = f"{settings.cert_file}\n{settings.key_file}" if settings.cert_file else None
        self._account = account
        http = Http(
            account,
            there.url,
            client_pem=self._client,
            dial=dial_unix(there.path) if there.path and not account.endpoint else None,
            fingerprint=None if account.ca_pem else trusted_fingerprint(settings),
        )
        self.dialect = Dialect(TITLE, _said, words=((_ROOM, ProviderQuota),))
        self._rest = Rest(http, self.dialect)
        self.where = self._rest.where
        self.timeout_s = account.timeout_s
        self._project = settings.project
        self._about: Json | None = None

    def close(self) -> None:
        self._rest.close()

    def get(self, path: str, **params: Any) -> Any:
        """What the server tells, of the backend's project."""
        return self._told(self._call("GET", path, params=params))

    def listed(self, path: str, **params: Any) -> list[Json]:
        """As `get`, for a list of objects."""
        found = self.get(path, recursion=params.pop("recursion", 1), **params)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise bad_answer(self.where)
        return found

    def tell(self, method: str, path: str, body: Any, **params: Any) -> None:
        """A change that is made by the time of the answer; one that takes longer is waited for."""
        answer = self._call(method, path, params=params, body=body)
        if answer.get("type") == "async":
            self.finished(self._operation(answer)["id"], self.timeout_s)

    def begin(self, method: str, path: str, body: Any = None, **params: Any) -> Json:
        """Start an operation; what the server tells of it."""
        return self._operation(self._call(method, path, params=params, body=body))

    def finished(self, operation: str, timeout_s: float) -> Json:
        """Wait until an operation is done; what it told at its end. ProviderTimeout when it takes longer."""
        until = time.monotonic() + timeout_s
        while True:
            slice_s = max(1, min(int(self.timeout_s / 2), round(until - time.monotonic())))
            told = self._told(self._call("GET", at("/1.0/operations/{}/wait", operation), params={"timeout": slice_s}))
            with understood(self.where):
                status = int(told["status_code"])
                if status == _SUCCESS:
                    return dict(told.get("metadata") or {})
                if status not in _RUNNING:
                    raise self._failure(status, str(told.get("err") or told.get("status") or ""))
            if time.monotonic() > until:
                raise ProviderTimeout(f"{self.where} was not done in time.", where=self.where)

    def put_file(self, machine: str, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        """A file (or folder, as the headers say) in a machine's root file system."""
        where = at("/1.0/instances/{}/files", machine)
        params = {"path": path, "project": self._project}
        self._rest.ask("POST", where, params=params, body=data, headers={"Content-Type": _BYTES, **headers})

    def file(self, machine: str, path: str) -> bytes:
        """A file of a machine; ProviderNotFound when it is not there."""
        where = at("/1.0/instances/{}/files", machine)
        return self._rest.ask("GET", where, params={"path": path, "project": self._project}).content

    def stream(self) -> Stream:
        """A fresh connection to the server."""
        return Stream(self._rest.http.stream())

    def about(self) -> Json:
        """What the server tells of itself, and of who asks."""
        if self._about is None:
            told = self.get("/1.0")
            if not isinstance(told, dict) or "auth" not in told:
                raise bad_answer(self.where)
            self._about = told
        return self._about

    def forget(self) -> None:
        """Ask anew what the server tells of itself."""
        self._about = None

    def environment(self) -> Json:
        """Empty where the server tells nothing to this user."""
        return dict(self.about().get("environment") or {})

    def image_server(self) -> str | None:
        """Where images come from that the server does not hold itself."""
        given = self._account.settings.image_server
        if given is not None:
            return None if given == NO_IMAGES else str(given)
        return _IMAGES.get(str(self.environment().get("server", "")).lower())

    def elsewhere(self, url: str) -> Http:
        """The way to another service (an image server), without this one's certificate and trust."""
        plain = Account(settings=None, timeout_s=self.timeout_s)
        return Http(plain, url)

    def _call(self, method: str, path: str, *, params: Mapping[str, Any], body: Any = None) -> Json:
        wanted = {"project": self._project, **{name: value for name, value in params.items() if value is not None}}
        answer = self._rest.call(method, path, params=wanted, body=body)
        if not isinstance(answer, dict) or answer.get("type") not in ("sync", "async") or "metadata" not in answer:
            raise bad_answer(self.where)
        return answer

    def _told(self, answer: Json) -> Any:
        if answer["type"] != "sync":
            raise bad_answer(self.where)
        return answer["metadata"]

    def _operation(self, answer: Json) -> Json:
        told = answer["metadata"]
        if answer["type"] != "async" or not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise ProviderBadAnswer(f"{self.where} did not begin what it was asked for.", where=self.where)
        return told

    def _failure(self, status: int, words: str) -> MistError:
        error = refused(status, Said(words=words), self.dialect)
        return AlreadyExists(error.message, **error.facts) if _THERE_ALREADY.search(words) else error
