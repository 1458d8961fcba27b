"""HTTP to the service: a pooled connection, time-outs everywhere, safe requests tried again, errors as exceptions."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from mistclient.config import DEFAULT_URI, is_loopback
from mistclient.errors import (
    InvalidInput,
    MachineError,
    MistError,
    NotSignedIn,
    ProviderError,
    ServiceUnreachable,
    from_answer,
)

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from mistclient.errors import TooManyAttempts, Unavailable

PREFIX = "/api/v1"
CONNECT_TIMEOUT_S = 10.0
STREAM_SILENCE_S = 60.0
_PAUSES_S = (0.2, 0.8)
_WAIT_AT_MOST_S = 5.0
_CREATES = frozenset({"/backends", "/keys", "/machines", "/runs"})


class ServerEvent(NamedTuple):
    """One server-sent event; `data` is its decoded JSON."""

    event: str
    id: str
    data: Any


def segment(value: object) -> str:
    """One path segment, so that a name may hold slashes, dots and spaces."""
    quoted = quote(str(value), safe="")
    return quoted.replace(".", "%2E") if quoted in {".", ".."} else quoted


class Transport:
    """Speaks the service's REST API. `token` may be set later; it never leaves for another address."""

    def __init__(self, uri: str, token: str | None = None, verify: bool | str = True, timeout_s: float = 60.0) -> None:
        self.uri = uri
        self.token = token
        self.verify = verify
        self.timeout_s = timeout_s
        self.renew: Callable[[], object] | None = None
        self.trace: Callable[[str], None] | None = None
        self._pool: PoolManager | None = None

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
        timeout_s: float | None = None,
    ) -> Any:
        """The decoded JSON of the answer (None for an empty one), or the error that the service names.

        A read, and a create (which carries an Idempotency-Key), is tried again when the connection breaks or the
        service says that it will be back at once. Everything else is sent once. A session that has ended is renewed
        where `renew` knows how.
        """
        try:
            return self._patiently(method, path, query, body, timeout_s)
        except NotSignedIn:
            renew, self.renew = self.renew, None
            if renew is None:
                raise
        renew()
        try:
            return self._patiently(method, path, query, body, timeout_s)
        finally:
            self.renew = renew

    def _patiently(
        self, method: str, path: str, query: dict[str, Any] | None, body: Any, timeout_s: float | None
    ) -> Any:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        if method == "POST" and path in _CREATES:
            headers["Idempotency-Key"] = os.urandom(16).hex()
        repeatable = method == "GET" or "Idempotency-Key" in headers
        payload = None if body is None else json.dumps(body).encode()
        url = self._url(path, query)
        for pause_s in (*_PAUSES_S, None) if repeatable else (None,):
            try:
                return self._once(method, url, headers, payload, timeout_s or self.timeout_s)
            except MistError as error:
                wait_s = _worth_waiting(error, pause_s)
                if wait_s is None:
                    raise
            time.sleep(wait_s)
        raise AssertionError("the last try either returns or raises")

    def _once(self, method: str, url: str, headers: dict[str, str], payload: bytes | None, timeout_s: float) -> Any:
        response = self._open(method, url, headers, payload, timeout_s)
        data = self._read(response)
        if response.status >= 300:
            raise _failure(response, data, url)
        if not data:
            return None
        try:
            return json.loads(data)
        except ValueError:
            raise MistError(
                f"{self.uri} answered something that is not JSON: is that the address of a Mist service?",
                status_code=response.status,
            ) from None

    def pages(self, path: str, query: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every item of a listing, page by page."""
        asked = {"limit": 1000, **(query or {})}
        while True:
            page = self.call("GET", path, asked)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return
            asked["cursor"] = cursor

    def stream(self, path: str, query: dict[str, Any] | None = None) -> Iterator[ServerEvent]:
        """Server-sent events until the stream ends or falls silent; a broken one raises ServiceUnreachable."""
        from mistclient.sse import events

        url = self._url(path, query)
        headers = {**self._headers(), "Accept": "text/event-stream"}
        response = self._open("GET", url, headers, None, STREAM_SILENCE_S)
        try:
            if response.status >= 300:
                raise _failure(response, self._read(response), url)
            for event, event_id, data in events(self._chunks(response)):
                yield ServerEvent(event, event_id, json.loads(data))
        finally:
            response.close()

    def _chunks(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        try:
            yield from response.stream(65536, decode_content=True)
        except ReadTimeoutError:
            return
        except HTTPError as error:
            raise _unreachable(self.uri, error) from None

    def _read(self, response: BaseHTTPResponse) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return response.read()
        except HTTPError as error:
            raise _unreachable(self.uri, error) from None

    def _open(
        self, method: str, url: str, headers: dict[str, str], payload: bytes | None, timeout_s: float
    ) -> BaseHTTPResponse:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        if self._pool is None:
            self._pool = _make_pool(self.uri, self.verify)
        started = time.monotonic()
        try:
            response = self._pool.request(
                method,
                url,
                body=payload,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=Timeout(connect=min(CONNECT_TIMEOUT_S, timeout_s), read=timeout_s),
            )
        except HTTPError as error:
            raise _unreachable(self.uri, error) from None
        if self.trace is not None:
            self.trace(f"{method} {url} -> {response.status} in {time.monotonic() - started:.3f} s")
        return response

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "mistclient"}
        if self.token:
            if not (self.token.isascii() and self.token.isprintable()):
                raise NotSignedIn("The token holds characters that no token of Mist has; sign in to get a new one.")
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def _url(self, path: str, query: dict[str, Any] | None) -> str:
        url = f"{self.uri}{PREFIX}{path}"
        given = [(key, value if isinstance(value, list) else [value]) for key, value in (query or {}).items()]
        pairs = [(key, _text(value)) for key, values in given for value in values if value is not None]
        return f"{url}?{urlencode(pairs)}" if pairs else url

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()
            self._pool = None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _make_pool(uri: str, verify: bool | str) -> PoolManager:
    """A pool for this address; a proxy from the environment is used for it unless it is this machine."""
    from urllib3 import PoolManager, ProxyManager

    parts = _address(uri)
    tls: dict[str, Any] = {}
    if parts.scheme == "https":
        tls["cert_reqs"] = "CERT_REQUIRED" if verify else "CERT_NONE"
        if isinstance(verify, str):
            tls["ca_certs"] = verify
    proxy = proxy_for(parts.scheme, parts.hostname or "")
    return ProxyManager(proxy, maxsize=4, **tls) if proxy else PoolManager(maxsize=4, **tls)


def _address(uri: str) -> SplitResult:
    """The parts of the address, or InvalidInput."""
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(f"{uri!r} is not the address of a service; it looks like {DEFAULT_URI}.")
    return parts


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host; none for this machine."""
    if is_loopback(host) or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    return None if proxy_bypass(host) else proxies.get(scheme) or proxies.get("all")


def _unreachable(uri: str, error: Exception) -> MistError:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError, SSLError

    if isinstance(error, SSLError) and "WRONG_VERSION_NUMBER" in str(error):
        return ServiceUnreachable(
            f"{uri} does not speak TLS; give its address with http://.", details={"uri": uri, "refused": True}
        )
    if isinstance(error, SSLError):
        return ServiceUnreachable(
            f"The TLS certificate of {uri} was not accepted ({error}). If it is signed by a CA of your own, name its "
            "file in MIST_CA_FILE.",
            details={"uri": uri, "refused": True},
        )
    if isinstance(error, ReadTimeoutError):
        return ServiceUnreachable(f"{uri} did not answer in time.", details={"uri": uri, "refused": True})
    refused = isinstance(error, NewConnectionError | ConnectTimeoutError)
    remedy = " Start the service with `mist serve`, or give its address with MIST_URI or --mist-uri." if refused else ""
    reason = "No Mist service answers at" if refused else "The connection broke to"
    return ServiceUnreachable(f"{reason} {uri}.{remedy}", details={"uri": uri, "refused": refused})


def _failure(response: BaseHTTPResponse, body: bytes, url: str) -> MistError:
    bare = url.partition("?")[0]
    if response.status < 400:
        target = response.headers.get("Location", "elsewhere")
        return MistError(
            f"{bare} redirects to {target}: give that address with MIST_URI or --mist-uri.",
            status_code=response.status,
        )
    error = from_answer(response.status, body, bare)
    retry_after = response.headers.get("Retry-After", "")
    if retry_after.isdigit():
        error.details.setdefault("retry_after_s", int(retry_after))
    return error


def _worth_waiting(error: MistError | TooManyAttempts | Unavailable, pause_s: float | None) -> float | None:
    """How long to wait before another try; None when there should be none."""
    if pause_s is None or isinstance(error, NotSignedIn | ProviderError | MachineError):
        return None
    if isinstance(error, ServiceUnreachable):
        return None if error.details.get("refused") else pause_s
    if error.status_code in {429, 502, 503, 504}:
        wait_s = float(error.details.get("retry_after_s") or pause_s)
        return wait_s if wait_s <= _WAIT_AT_MOST_S else None
    return None
