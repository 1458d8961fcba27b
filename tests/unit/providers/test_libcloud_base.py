"""Drivers of libcloud go over our transport, and nothing of theirs comes out but values."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from mistserver.domain import errors
from mistserver.providers import libcloud_base
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.libcloud_base import Libcloud, mapped, price, price_table
from mistserver.providers.rest import Dialect, Said
from tests.lab.stand_in import Reply, Request, StandIn

pytest.importorskip("libcloud", reason="apache-libcloud is not installed: make install")
XML = '<?xml version="1.0" encoding="utf-8"?>'
AZURE = "http://schemas.microsoft.com/windowsazure"
NONE = f'{XML}<Locations xmlns="{AZURE}"/>'


class Cloud(StandIn):
    answer = Reply(200, NONE)

    def handle(self, request: Request) -> Reply:
        return self.answer


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as cloud:
        yield cloud


def opened(url: str) -> Libcloud:
    dialect = Dialect("Old Azure", lambda body: Said(words=body.decode()), decode=bytes)
    http = Http(Account(settings=None, endpoint=url, timeout_s=5), "https://cloud.invalid")
    return Libcloud("azure", http, dialect, "subscription", "no file")


def test_a_driver_asks_where_the_backend_is_and_says_who_it_is(cloud: Cloud) -> None:
    assert opened(f"{cloud.url}/prefix").call("list_locations") == []
    (request,) = cloud.seen
    assert request.path == "/prefix/subscription/locations"
    assert request.headers["host"] == f"127.0.0.1:{cloud.port}"
    assert request.headers["user-agent"] == "mist"


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>hello</body></html>",
        f'{XML}<!DOCTYPE a [<!ENTITY b "c">]><Locations xmlns="{AZURE}"/>',
        "<Locations/>",
        f'<o:Locations xmlns="{AZURE}" xmlns:o="http://elsewhere"/>',
        f'{XML}<Locations xmlns="{AZURE}"><Location>',
        '{"locations": []}',
        "",
    ],
)
def test_another_document_is_no_empty_list(cloud: Cloud, body: str) -> None:
    cloud.answer = Reply(200, body)
    with pytest.raises(errors.ProviderBadAnswer):
        opened(cloud.url).call("list_locations")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ProviderRejected),
        (401, errors.ProviderAuthFailed),
        (404, errors.ProviderNotFound),
        (429, errors.ProviderRateLimited),
        (500, errors.ProviderUnreachable),
    ],
)
def test_a_refusal_is_ours_before_the_driver_sees_it(cloud: Cloud, status: int, kind: type[errors.MistError]) -> None:
    cloud.answer = Reply(status, "the vendor's words", {"Location": "http://elsewhere.invalid/"})
    with pytest.raises(kind) as caught:
        opened(cloud.url).call("list_locations")
    assert status == 429 or "the vendor's words" in caught.value.message
    assert len(cloud.seen) == 1


def test_a_redirect_is_not_followed(cloud: Cloud) -> None:
    cloud.answer = Reply(307, None, {"Location": f"{cloud.url}/elsewhere"})
    with pytest.raises(errors.ProviderRejected, match="307"):
        opened(cloud.url).call("list_locations")
    assert len(cloud.seen) == 1


def test_an_address_where_nothing_listens() -> None:
    with Cloud() as gone:
        url = gone.url
    with pytest.raises(errors.ProviderUnreachable, match="refused the connection"):
        opened(url).call("list_locations")


def test_a_method_that_waits_can_be_replaced(cloud: Cloud) -> None:
    http = Http(Account(settings=None, endpoint=cloud.url), "https://cloud.invalid")
    driver = Libcloud("azure", http, Dialect("A", lambda body: None), "s", "f", list_locations=lambda self: iter("ab"))
    assert driver.call("list_locations") == ["a", "b"]


def _raised() -> list[tuple[Callable[[], Exception], type[errors.MistError]]]:
    from libcloud.common import exceptions, types

    return [
        (lambda: types.InvalidCredsError("no"), errors.ProviderAuthFailed),
        (lambda: types.MalformedResponseError("no", body="<html>"), errors.ProviderBadAnswer),
        (lambda: types.LibcloudError("no"), errors.ProviderRejected),
        (lambda: exceptions.RateLimitReachedError(headers={"retry-after": "7"}), errors.ProviderRateLimited),
        (lambda: exceptions.BaseHTTPError(403, "no"), errors.ProviderAuthFailed),
        (lambda: exceptions.BaseHTTPError(503, "no"), errors.ProviderUnreachable),
        (lambda: KeyError("no"), errors.ProviderBadAnswer),
        (lambda: SyntaxError("no"), errors.ProviderBadAnswer),
        (lambda: ConnectionResetError("no"), errors.ProviderUnreachable),
        (lambda: Exception("task failed"), errors.ProviderRejected),
        (lambda: errors.ProviderQuota("no"), errors.ProviderQuota),
    ]


@pytest.mark.parametrize("number", range(11))
def test_everything_that_a_driver_raises_is_one_of_ours(number: int) -> None:
    raised, kind = _raised()[number]
    with pytest.raises(kind), mapped("Cloud", "http://cloud"):
        raise raised()


def test_a_price_has_its_currency_and_its_day() -> None:
    found = price("ec2_linux", "t3.micro", "us-east-1")
    assert found is not None
    hour, currency, day = found
    assert 0.001 < hour < 0.1
    assert currency == "USD"
    assert date(2020, 1, 1) < date.fromisoformat(day) < date.today()
    assert price("rackspace", "performance1-1") is not None


def test_a_price_that_is_not_known_is_none() -> None:
    assert price("ec2_linux", "t3.micro", "nowhere") is None
    assert price("ec2_linux", "no.such", "us-east-1") is None
    assert price("ec2_linux", "t3.micro") is None
    assert price("no such table", "t3.micro") is None
    table = price_table("ec2_linux")
    assert table is not None
    assert table.rows["a1.medium"]["us-west-2"] == 0
    assert price("ec2_linux", "a1.medium", "us-west-2") is None


def _not_there(name: str) -> None:
    raise importlib.metadata.PackageNotFoundError(name)


def test_without_libcloud_there_are_no_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    libcloud_base.price_table.cache_clear()
    monkeypatch.setattr(importlib.metadata, "distribution", _not_there)
    assert price("ec2_linux", "t3.micro", "us-east-1") is None
    libcloud_base.price_table.cache_clear()
