"""Pages that are told of in headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistserver.domain import errors
from mistserver.providers import header_pages
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.rest import Dialect, Rest, Said
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route


class Cloud(StandIn):
    """Seven numbers, three a page."""

    @route("GET", "/marked")
    def marked(self, request: Request) -> Answer:
        start = int(request.query.get("page", 0))
        return Reply(200, list(range(7))[start : start + 3], {"next-page": str(start + 3)} if start + 3 < 7 else {})

    @route("GET", "/linked")
    def linked(self, request: Request) -> Answer:
        page = int(request.query.get("page", 1))
        more = [f'</linked?page={page + 1}&per_page=3&>; rel="next"'] if page < 3 else []
        back = [f'</linked?page={page - 1}&per_page=3&>; rel="previous"'] if page > 1 else []
        last = ['</linked?page=3&per_page=3&>; rel="last"']
        return Reply(200, {"items": request.query["kind"]}, {"Link": ",".join([*back, *more, *last])})

    @route("POST", "/raw")
    def raw(self, request: Request) -> Answer:
        return {"body": request.body.decode(), "kind": request.headers["content-type"]}

    @route("GET", "/half")
    def half(self, request: Request) -> Answer:
        return Reply(200, "[1, 2")


@pytest.fixture
def api() -> Iterator[Rest]:
    with Cloud() as cloud:
        http = Http(Account(settings=None, endpoint=cloud.url), "https://cloud.invalid")
        yield Rest(http, Dialect("Cloud", lambda body: Said(words=body["message"])))
        http.close()


def test_pages_are_followed_to_their_end(api: Rest) -> None:
    assert header_pages.bodies(api, "/marked", header_pages.by_mark("next-page", "page")) == [[0, 1, 2], [3, 4, 5], [6]]
    assert header_pages.bodies(api, "/linked", header_pages.by_link, kind="x") == [{"items": "x"}] * 3


def test_half_a_page_is_a_bad_answer(api: Rest) -> None:
    with pytest.raises(errors.ProviderBadAnswer):
        header_pages.bodies(api, "/half", header_pages.by_link)


@pytest.mark.parametrize("link", ["", '</x?page=1>; rel="last"', "</x?page=2>; rel=prev", '</x?page=9>; rel="nextish"'])
def test_without_a_next_page_there_is_none(link: str) -> None:
    assert header_pages.by_link({"Link": link}) is None


def test_bytes_are_sent_as_they_are(api: Rest) -> None:
    sent = api.call("POST", "/raw", body=b"#cloud-config\n", headers={"Content-Type": "text/plain"})
    assert sent == {"body": "#cloud-config\n", "kind": "text/plain"}
