"""The vendor's library on a transport of ours: trust, time-outs and the way there are those of `Http`.

The library tries again by itself after a refusal or a time-out, and sleeps in between. Here it never sees either: both
are errors of ours before they reach it. Nor are its actions waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar, cast

import msgspec

from mistserver.domain.errors import (
    MistError,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotAvailable,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.rest import MAX_PAGES, Dialect, Said, decoded, refusal

T = TypeVar("T")

TITLE = "Hetzner Cloud"
_PER_PAGE = 50  # the most that there is
# https://docs.hetzner.cloud/reference/cloud#errors
_KINDS: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "unauthorized": ProviderAuthFailed,
        "forbidden": ProviderAuthFailed,
        "token_readonly": ProviderAuthFailed,
        "not_found": ProviderNotFound,
        "rate_limit_exceeded": ProviderRateLimited,
        "locked": ProviderRateLimited,
        "conflict": ProviderRateLimited,
        "resource_limit_exceeded": ProviderQuota,
        "resource_unavailable": ProviderQuota,
        "placement_error": ProviderQuota,
        "no_subnet_available": ProviderQuota,
        "maintenance": ProviderUnreachable,
        "unavailable": ProviderUnreachable,
        "server_error": ProviderUnreachable,
        "service_error": ProviderUnreachable,
        "timeout": ProviderTimeout,
    }
)


class Api:
    """One project. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        import hcloud

        self._http = Http(account, "https://api.hetzner.cloud")
        self.where = self._http.where
        try:
            self.client = cast("Any", hcloud.Client(account.settings.token, api_endpoint="/v1"))
            self.client._client._session.close()
            self.client._client._session = _Session(self._http)
        except AttributeError:
            self._http.close()
            message = "Hetzner Cloud needs another version of the Python package hcloud; install it with: pip install "
            raise ProviderNotAvailable(message + "'hcloud>=2.27,<3'", provider="hetzner") from None
        except BaseException:
            self._http.close()
            raise

    def close(self) -> None:
        self._http.close()

    def pages(self, listing: Callable[..., Any], read: Callable[[Any], T], **query: Any) -> list[T]:
        """What one of the library's `get_list` gives on every page, each item read as it comes: they are large."""
        found: list[T] = []
        page = 1
        for _ in range(MAX_PAGES):
            with self.mapped():
                items, meta = listing(page=page, per_page=_PER_PAGE, **query)
                found += map(read, items)
                following = meta.pagination.next_page
            if following is None:
                return found
            page = following
        raise bad_answer(self.where)

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Around anything that touches the library or what it gave: lets out no exception of it."""
        from hcloud import HCloudException

        try:
            with understood(self.where):
                yield
        except MistError:
            raise
        except (HCloudException, RecursionError):
            raise bad_answer(self.where) from None


class _Session:
    """What the library takes for its HTTP session."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._dialect = Dialect(TITLE, _said, kinds=_KINDS)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        timeout: Any = None,
    ) -> _Answer:
        """One request, and its answer when it is a success; how long it may take is the account's affair."""
        kind = {} if json is None else {"Content-Type": "application/json"}
        body = None if json is None else msgspec.json.encode(json)
        query = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in (params or {}).items()
        }
        answer = self._http.exchange(method, url, params=query, headers={**headers, **kind}, body=body)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self._http.where)
        return _Answer(answer.content, self._http.where)


@dataclass(frozen=True)
class _Answer:
    """A success, as the library reads it."""

    content: bytes
    where: str
    ok: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return decoded(self.content, self.where)


def _said(body: Any) -> Said:
    error = body["error"]
    return Said(code=error["code"], words=error["message"])
