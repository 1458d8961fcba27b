"""Calls to SoftLayer's API through IBM's SDK, on a transport of ours.

Of the SDK its client, its XML-RPC and its ways to sign in are used; not its managers, which sleep and try again, nor
its set-up, which reads `~/.softlayer` and the environment.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mistserver.domain.errors import (
    MistError,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
)
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import MAX_PAGES, Dialect, Said, refusal, refused

if TYPE_CHECKING:
    import requests

ENDPOINT = "https://api.softlayer.com/xmlrpc/v3.1"
_PAGE = 100
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_KINDS: dict[str, type[ProviderError]] = {
    "SoftLayer_Account": ProviderAuthFailed,
    "SoftLayer_Exception_PermissionDenied": ProviderAuthFailed,
    "SoftLayer_Exception_NotFound": ProviderNotFound,
    "SoftLayer_Exception_ObjectNotFound": ProviderNotFound,
    "SoftLayer_Exception_WebService_RateLimitExceeded": ProviderRateLimited,
}
_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(r"invalid (api token|credentials)|access denied", re.IGNORECASE), ProviderAuthFailed),
    (re.compile(r"unable to find object", re.IGNORECASE), ProviderNotFound),
    (re.compile(r"insufficient (capacity|resources)|(limit|quota) of|maximum number", re.IGNORECASE), ProviderQuota),
)


class Api:
    """One account. Closed with `close`; one thread at a time."""

    def __init__(self, http: Http, title: str, username: str, api_key: str) -> None:
        self.where = http.where
        self._http = http
        self._dialect = Dialect(title, _said, _KINDS, _WORDS, decode=_fault)
        self._client = _client(http, self._dialect, username, api_key)

    def close(self) -> None:
        self._http.close()

    def call(self, service: str, method: str, *arguments: Any, **options: Any) -> Any:
        """One call. `options` are the SDK's: id, mask, filter, limit, offset."""
        with self._mapped():
            return self._client.call(service, method, *arguments, **options)

    def act(self, id: int, method: str, *arguments: Any) -> None:
        """A call on a virtual guest whose answer, often an empty one, tells nothing."""
        with self._mapped():
            try:
                self._client.call("Virtual_Guest", method, *arguments, id=id)
            except IndexError:
                return

    def object(self, service: str, method: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        found = self.call(service, method, *arguments, **options)
        if not isinstance(found, dict):
            raise bad_answer(self.where)
        return found

    def pages(self, service: str, method: str, **options: Any) -> list[dict[str, Any]]:
        """Every page. The end is what the vendor counted, and a page that is not full where it did not count."""
        items: list[dict[str, Any]] = []
        for _ in range(MAX_PAGES):
            found = self.call(service, method, limit=_PAGE, offset=len(items), **options)
            if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
                raise bad_answer(self.where)
            items += found
            counted = getattr(found, "total_count", 0)
            if not found or (len(items) >= counted if counted else len(found) < _PAGE):
                return items
        raise bad_answer(self.where)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        from xml.parsers.expat import ExpatError
        from xmlrpc.client import Error

        from SoftLayer.exceptions import SoftLayerAPIError

        try:
            yield
        except MistError:
            raise
        except SoftLayerAPIError as error:
            raise refused(200, Said(str(error.faultCode), str(error.faultString)), self._dialect) from None
        except (ExpatError, Error, LookupError, TypeError, ValueError, AttributeError, OverflowError):
            raise bad_answer(self.where) from None


class _Way:
    """What the SDK takes for its session of requests."""

    def __init__(self, http: Http, dialect: Dialect) -> None:
        self._http = http
        self._dialect = dialect

    def request(self, method: str, url: str, *, data: bytes, headers: dict[str, Any], auth: Any, **_: Any) -> Any:
        """The SDK declares Latin-1 and sends UTF-8; references to characters are right in both."""
        sent = {"Content-Type": headers["Content-Type"], "Accept": "*/*"}
        if auth is not None:
            sent["Authorization"] = "Basic " + b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        body = data.decode().encode("ascii", "xmlcharrefreplace")
        answer: requests.Response = self._http.exchange(
            method, url.removeprefix(self._http.url), headers=sent, body=body
        )
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self._http.where)
        if _DTD.search(answer.content) or not answer.content.lstrip().startswith(b"<"):
            raise bad_answer(self._http.where, answer.content)
        return answer


def _client(http: Http, dialect: Dialect, username: str, api_key: str) -> Any:
    from SoftLayer.API import BaseClient
    from SoftLayer.auth import BasicAuthentication
    from SoftLayer.transports.xmlrpc import XmlRpcTransport

    class Client(BaseClient):  # type: ignore[misc]
        def __init__(self) -> None:
            """Without the base's, which reads files."""
            self.auth = BasicAuthentication(username, api_key)
            self.transport = XmlRpcTransport(endpoint_url=http.url)
            self.transport._client = _Way(http, dialect)
            self.settings: dict[str, Any] = {"softlayer": {}}

    return Client()


def _fault(body: bytes) -> Said:
    """What an answer with the status of an error says, where it is a fault of XML-RPC; ValueError where it is not."""
    from xml.parsers.expat import ExpatError
    from xmlrpc.client import Error, Fault, loads

    if _DTD.search(body):
        raise ValueError
    try:
        loads(body)
    except Fault as fault:
        return Said(str(fault.faultCode), str(fault.faultString))
    except (ExpatError, Error):
        raise ValueError from None
    raise ValueError


def _said(fault: Said) -> Said:
    return fault
