"""Calls to Compute Engine's REST API of version 1 for one project, and its refusals as errors of ours.

https://cloud.google.com/compute/docs/reference/rest/v1
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.gce.credentials import access_token
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import bad_answer, vendors_words
from mistserver.providers.rest import Dialect, Json, Rest, Said, refused

TITLE = "Google Compute Engine"
PER_PAGE = 500  # the most that Google gives

# https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation and the reasons of the API's errors
KINDS = MappingProxyType(
    {
        "quotaExceeded": ProviderQuota,
        "QUOTA_EXCEEDED": ProviderQuota,
        "limitExceeded": ProviderQuota,
        "ZONE_RESOURCE_POOL_EXHAUSTED": ProviderQuota,
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS": ProviderQuota,
        "RESOURCE_POOL_EXHAUSTED": ProviderQuota,
        "resourcePoolExhausted": ProviderQuota,
        "stockout": ProviderQuota,
        "rateLimitExceeded": ProviderRateLimited,
        "userRateLimitExceeded": ProviderRateLimited,
        "dailyLimitExceeded": ProviderRateLimited,
        "authError": ProviderAuthFailed,
        "invalid_grant": ProviderAuthFailed,
        "invalid_client": ProviderAuthFailed,
        "unauthorized_client": ProviderAuthFailed,
        "invalid_scope": ProviderAuthFailed,
        "access_denied": ProviderAuthFailed,
        "RESOURCE_NOT_FOUND": ProviderNotFound,
        "backendError": ProviderUnreachable,
        "internalError": ProviderUnreachable,
        "INTERNAL_ERROR": ProviderUnreachable,
    }
)
_WHOLE = (None, "NO_RESULTS_ON_PAGE")  # warnings that take nothing from a list


def _said(body: Any) -> Said:
    """Compute's errors are objects with a list of reasons, those of the token's service a word with a description."""
    error = body["error"]
    if isinstance(error, str):
        return Said(code=error, words=str(body.get("error_description") or ""))
    reasons = error.get("errors") or [{}]
    return Said(code=str(reasons[0].get("reason") or error.get("status") or ""), words=str(error["message"]))


DIALECT = Dialect(TITLE, _said, KINDS)


class Api:
    """One project. Closed with `close`; one thread at a time. A token is asked for before the first call."""

    def __init__(self, account: Account) -> None:
        self.project = str(account.settings.project_id)
        self._account = account
        self._rest = Rest(Http(account, "https://compute.googleapis.com"), DIALECT)
        self.where = self._rest.where

    def close(self) -> None:
        self._rest.close()

    def get(self, path: str, **params: Any) -> Json:
        return self._signed_in().get(self._path(path), **params)

    def found(self, path: str, **params: Any) -> Json | None:
        """As `get`; None for what Google does not know."""
        return self._signed_in().found(self._path(path), **params)

    def order(self, method: str, path: str, body: Any = None, **params: Any) -> Json:
        """A change; gives its operation, which goes on at Google. One that has failed at once is raised."""
        answer = self._signed_in().call(method, self._path(path), params=params or None, body=body)
        if not isinstance(answer, dict):
            raise bad_answer(self.where)
        raise_failed(answer)
        return answer

    def listed(self, path: str, *, project: str | None = None, **params: Any) -> list[Json]:
        """Everything at a path, page by page. Google leaves `items` out where there are none."""
        return [item for body in self._bodies(path, project, params) for item in self._objects(body, "items")]

    def aggregated(self, noun: str, **params: Any) -> list[Json]:
        """What all zones or regions hold. ProviderUnreachable when one of them could not be read."""
        found: list[Json] = []
        for body in self._bodies(f"/aggregated/{noun}", None, params):
            scopes = body.get("items") or {}
            if not isinstance(scopes, dict) or not all(isinstance(scope, dict) for scope in scopes.values()):
                raise bad_answer(self.where)
            lost = [name for name, scope in scopes.items() if _code(scope) not in _WHOLE]
            self._whole([*lost, *(body.get("unreachables") or []), *([] if _code(body) in _WHOLE else [noun])])
            for scope in scopes.values():
                found += self._objects(scope, noun)
        return found

    def _bodies(self, path: str, project: str | None, params: Json) -> Iterator[Json]:
        asked, page = self._path(path, project), {"maxResults": PER_PAGE, **params}
        while True:
            body = self._signed_in().get(asked, **page)
            more = body.get("nextPageToken")
            if not str(body.get("kind", "")).endswith("List") or (more and more == page.get("pageToken")):
                raise bad_answer(self.where)
            yield body
            if not more:
                return
            page["pageToken"] = more

    def _whole(self, lost: list[Any]) -> None:
        if lost:
            names = vendors_words(", ".join(str(name) for name in lost[:5]))
            raise ProviderUnreachable(f"{TITLE} could not read all of its parts: {names}.", where=self.where)

    def _objects(self, body: Json, key: str) -> list[Json]:
        found = body.get(key) or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise bad_answer(self.where)
        return found

    def _path(self, path: str, project: str | None = None) -> str:
        return at("/compute/v1/projects/{}", project or self.project) + path

    def _signed_in(self) -> Rest:
        if "Authorization" not in self._rest.headers:
            token = access_token(self._account, self._rest.http, DIALECT)
            self._rest.headers["Authorization"] = f"Bearer {token}"
        return self._rest


def raise_failed(operation: Json) -> None:
    """The error of ours for an operation that has ended in one of Google's."""
    error = failure(operation)
    if error is not None:
        raise error


def failure(operation: Json) -> ProviderError | None:
    """What an operation failed of; None while it goes on, or when it went well."""
    told = (operation.get("error") or {}).get("errors") or []
    if not told:
        return None
    status = operation.get("httpErrorStatusCode")
    said = Said(code=str(told[0].get("code") or ""), words=str(told[0].get("message") or ""))
    return refused(status if isinstance(status, int) else 400, said, DIALECT)


def _code(part: Json) -> Any:
    warning = part.get("warning")
    return warning.get("code") if isinstance(warning, dict) else None
