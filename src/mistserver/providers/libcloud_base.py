"""Drivers of Apache Libcloud on our own transport, for vendors that only they still speak to, and its table of prices.

A driver builds requests and reads answers, and nothing else: trust, time-outs and the way there are those of `Http`, a
refusal becomes an error of ours before a driver sees it, and so does everything that a driver raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import msgspec

from mistserver.domain.errors import MistError, ProviderAuthFailed, ProviderRejected
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, network_error, vendors_words
from mistserver.providers.rest import Dialect, Said, rate_limited, refusal, refused

if TYPE_CHECKING:
    import requests

CURRENCY = "USD"  # of all prices in the table
_OURS = frozenset({"host", "content-length", "user-agent", "accept-encoding", "connection"})
_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:(?P<prefix>[\w.-]+):)?[\w.-]+(?P<rest>[^>]*)>", re.DOTALL
)
_DTD = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True)
class Driver:
    """A driver: what gives its class, and what the namespaces of its vendor's XML begin with.

    `plain_connection`: its connection would look for the files of a certificate, which is the transport's affair.
    """

    load: Callable[[], Any]
    namespaces: tuple[str, ...] = ()
    plain_connection: bool = False


def _azure() -> Any:
    from libcloud.compute.drivers.azure import AzureNodeDriver

    return AzureNodeDriver


_DRIVERS: Mapping[str, Driver] = MappingProxyType(
    {
        "azure": Driver(_azure, ("http://schemas.microsoft.com/windowsazure",), plain_connection=True),
    }
)


class Libcloud:
    """One driver at one address, by its name in the table above. Closed with `close`; one thread at a time.

    `arguments` are the driver's own (credentials). `members` take the place of methods of its class: of those that
    would wait.
    """

    def __init__(self, name: str, http: Http, dialect: Dialect, *arguments: Any, **members: Any) -> None:
        self.http = http
        self.where = http.where
        self.dialect = dialect
        found = _DRIVERS[name]
        with mapped(dialect.title, self.where):
            self.driver: Any = _wired(found, Wire(http, dialect, found.namespaces), members)(*arguments)

    def close(self) -> None:
        self.http.close()

    def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """A method of the driver. What it gives as a generator comes as a list."""
        with self.mapped():
            answer = getattr(self.driver, method)(*arguments, **options)
            return list(answer) if isinstance(answer, Iterator) else answer

    def named(self, name: str) -> Any:
        """A class or function that stands beside the driver's: its words for what the vendor's documents hold."""
        return getattr(sys.modules[type(self.driver).__mro__[1].__module__], name)

    def mapped(self) -> Any:
        """Around anything that touches the driver or what it gave."""
        return mapped(self.dialect.title, self.where)


class Wire:
    """What a driver takes for its connection's socket."""

    def __init__(self, http: Http, dialect: Dialect, namespaces: tuple[str, ...]) -> None:
        self._http = http
        self._dialect = dialect
        self._namespaces = namespaces
        self._answer: requests.Response | None = None

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        """One request, and its answer kept for `getresponse`. Only the path of a whole URL is used."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {name: str(value) for name, value in (headers or {}).items() if name.lower() not in _OURS}
        data = body.encode() if isinstance(body, str) else body
        answer = self._http.exchange(method, path, headers=sent, body=data or None)
        if not 200 <= answer.status_code < 300:
            raise refusal(answer, self._dialect, self._http.where)
        self._check(answer.content)
        if "charset" not in answer.headers.get("Content-Type", "").lower():
            answer.encoding = "utf-8"
        self._answer = answer

    prepared_request = request

    def getresponse(self) -> requests.Response:
        if self._answer is None:
            raise bad_answer(self._http.where)
        return self._answer

    def close(self) -> None:
        """The session stays open until the provider is closed."""

    def _check(self, body: bytes) -> None:
        """A document of something else would read as one in which nothing stands."""
        if not body.strip() or not self._namespaces:
            return
        root = _ROOT.match(body.removeprefix(b"\xef\xbb\xbf"))
        if root is None or _DTD.search(body):
            raise bad_answer(self._http.where, body)
        prefix = b":" + re.escape(root["prefix"]) if root["prefix"] else b""
        named = re.search(rb"\sxmlns" + prefix + rb"""\s*=\s*["']([^"']*)""", root["rest"])
        if named is None or not named[1].decode("utf-8", "replace").startswith(self._namespaces):
            raise bad_answer(self._http.where, body)


@contextmanager
def mapped(title: str, where: str) -> Iterator[None]:
    """Lets out no exception but ours. The library's own are dropped: some hold what was sent."""
    from xml.parsers.expat import ExpatError

    from libcloud.common import exceptions as by_status
    from libcloud.common import types as theirs
    from requests.exceptions import RequestException

    try:
        yield
    except MistError:
        raise
    except theirs.InvalidCredsError as error:
        words = vendors_words(str(error.value)) or "no reason given"
        raise ProviderAuthFailed(f"{title} does not accept the credentials: {words}") from None
    except theirs.MalformedResponseError as error:
        raise bad_answer(where, error.body if isinstance(error.body, str | bytes) else b"") from None
    except by_status.RateLimitReachedError as error:
        raise rate_limited(title, float(error.retry_after) or None, status=429) from None
    except by_status.BaseHTTPError as error:
        status = error.code if isinstance(error.code, int) else 0
        raise refused(status, Said(words=str(error.message)), Dialect(title, lambda body: None)) from None
    except theirs.LibcloudError as error:
        raise ProviderRejected(f"{title} refused: {vendors_words(str(error.value)) or 'no reason given'}") from None
    except (OSError, RequestException) as error:
        raise network_error(error, where) from None
    except (LookupError, TypeError, AttributeError, ValueError, SyntaxError, AssertionError, ExpatError):
        raise bad_answer(where) from None
    except Exception as error:
        words = vendors_words(str(error)) or type(error).__name__
        raise ProviderRejected(f"{title} refused: {words}") from None


def _wired(found: Driver, wire: Wire, members: Mapping[str, Any]) -> Any:
    """A subclass of the driver whose connection, wherever it is told to connect, is the wire."""
    from libcloud.common import base

    plain, simplest = found.load(), cast(Any, base.Connection)

    def connect(self: Any, *arguments: Any, **options: Any) -> None:
        self.connection = wire

    def without_files(self: Any, *arguments: Any, **options: Any) -> None:
        simplest.__init__(self)

    own: dict[str, Any] = {"connect": connect}
    own |= {"__init__": without_files} if found.plain_connection else {}
    connection = type("Wired" + plain.connectionCls.__name__, (plain.connectionCls,), own)
    return type("Wired" + plain.__name__, (plain,), {"connectionCls": connection, **members})


@dataclass(frozen=True)
class PriceTable:
    """Prices of one table by the id of what they are of, as they were on `date` (ISO)."""

    rows: Mapping[str, Any]
    date: str


class _PriceFile(msgspec.Struct):
    compute: dict[str, msgspec.Raw]
    updated: int


@cache
def price_table(name: str) -> PriceTable | None:
    """A table of the file of prices that comes with libcloud; None without libcloud, or when it has no such table."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        file = Path(str(distribution("apache-libcloud").locate_file("libcloud/data/pricing.json")))
        read = msgspec.json.decode(file.read_bytes(), type=_PriceFile)
        rows = msgspec.json.decode(read.compute[name], type=dict[str, Any])
    except (PackageNotFoundError, OSError, msgspec.MsgspecError, KeyError):
        return None
    return PriceTable(MappingProxyType(rows), datetime.fromtimestamp(read.updated, UTC).date().isoformat())


def price(table: str, size: str, region: str | None = None) -> tuple[float, str, str] | None:
    """What an hour of a size costs, the currency, and the date of that price; None where the table does not know.

    `region` for tables that have a price per region. A price of nothing stands there for one that is not known.
    """
    found = price_table(table)
    if found is None:
        return None
    row = found.rows.get(size)
    cost = row.get(region or "") if isinstance(row, dict) else row
    try:
        hour = float(cost) if cost is not None else 0.0
    except (TypeError, ValueError):
        return None
    return (hour, CURRENCY, found.date) if hour > 0 else None
