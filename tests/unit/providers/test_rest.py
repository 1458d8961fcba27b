"""JSON over HTTP: pages, refusals, and the border that an answer has to cross."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.providers.base import Account
from mistserver.providers.http import Http, at
from mistserver.providers.rest import Dialect, Rest, Said, by_cursor, by_link, by_number, one_page
from tests.lab.faults import answering, truncated
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

ITEMS = [{"id": number} for number in range(7)]
DIALECT = Dialect(
    "Cloud",
    lambda body: Said(code=body["code"], words=body["message"]),
    kinds={"limit": errors.ProviderQuota},
    words=((re.compile("sold out"), errors.ProviderQuota), (re.compile("busy"), errors.ProviderRateLimited)),
)


class Cloud(StandIn):
    """Seven items, three a page, in every way that vendors cut lists."""

    @route("GET", "/numbered")
    def numbered(self, request: Request) -> Answer:
        page = int(request.query.get("page", 1))
        return {"items": ITEMS[(page - 1) * 3 : page * 3], "pages": 3}

    @route("GET", "/linked")
    def linked(self, request: Request) -> Answer:
        start = int(request.query.get("start", 0))
        following = f"https://elsewhere.example/linked?start={start + 3}&kind={request.query['kind']}"
        return {"items": ITEMS[start : start + 3], "next": following if start + 3 < len(ITEMS) else None}

    @route("GET", "/marked")
    def marked(self, request: Request) -> Answer:
        start = int(request.query.get("after", 0))
        return {"items": ITEMS[start : start + 3], "cursor": str(start + 3) if start + 3 < len(ITEMS) else ""}

    @route("GET", "/wrong")
    def wrong(self, request: Request) -> Answer:
        return {"items": [1, 2]}

    @route("GET", "/things/{id}")
    def thing(self, request: Request) -> Answer:
        return {"id": request.ids["id"]}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as running:
        yield running


def rest(url: str, timeout_s: float = 5) -> Rest:
    http = Http(Account(settings=None, endpoint=url, timeout_s=timeout_s), "https://cloud.invalid")
    return Rest(http, DIALECT, {"Authorization": "Bearer secret"})


def test_pages_are_followed_to_their_end(cloud: Cloud) -> None:
    api = rest(cloud.url)
    assert api.pages("/numbered", "items", by_number(lambda body: body["pages"])) == ITEMS
    assert api.pages("/linked", "items", by_link(lambda body: body["next"]), kind="x") == ITEMS
    assert api.pages("/marked", "items", by_cursor(lambda body: body["cursor"], "after")) == ITEMS
    assert api.pages("/marked", "items", one_page) == ITEMS[:3]


def test_a_link_to_another_host_is_followed_on_our_own(cloud: Cloud) -> None:
    rest(cloud.url).pages("/linked", "items", by_link(lambda body: body["next"]), kind="x")
    assert [each.query["kind"] for each in cloud.seen] == ["x", "x", "x"]


@pytest.mark.parametrize("path", ["/wrong", "/things/1"])
def test_a_page_of_another_shape_is_a_bad_answer(cloud: Cloud, path: str) -> None:
    with pytest.raises(errors.ProviderBadAnswer):
        rest(cloud.url).pages(path, "items", one_page)


@pytest.mark.parametrize("id", ["a/b", "..%2f", "x?y", "#", "ä ö", "\n", "-rf"])
def test_an_id_stays_within_its_segment(cloud: Cloud, id: str) -> None:
    assert rest(cloud.url).get(at("/things/{}", id)) == {"id": id}


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_would_lead_elsewhere_is_not_found(id: str) -> None:
    with pytest.raises(errors.ProviderNotFound):
        at("/things/{}/actions", id)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": "no", "message": "not like that"}, errors.ProviderRejected),
        (401, {"code": "no", "message": "who"}, errors.ProviderAuthFailed),
        (402, {"code": "no", "message": "pay"}, errors.ProviderQuota),
        (403, {"code": "no", "message": "may not"}, errors.ProviderAuthFailed),
        (403, {"code": "limit", "message": "ten at most"}, errors.ProviderQuota),
        (404, {"code": "no", "message": "what"}, errors.ProviderNotFound),
        (409, {"code": "no", "message": "size is sold out"}, errors.ProviderQuota),
        (400, {"code": "no", "message": "it is busy"}, errors.ProviderRateLimited),
        (422, {"code": "no", "message": "unfit"}, errors.ProviderRejected),
        (500, {"code": "no", "message": "oh"}, errors.ProviderUnreachable),
        (504, {"code": "no", "message": "late"}, errors.ProviderTimeout),
        (401, b"<html>sign in</html>", errors.ProviderAuthFailed),
        (404, b"<html>no</html>", errors.ProviderBadAnswer),
        (400, {"other": "protocol"}, errors.ProviderBadAnswer),
        (503, b"busy", errors.ProviderUnreachable),
        (301, b"", errors.ProviderBadAnswer),
    ],
)
def test_a_refusal_becomes_the_error_that_it_is(status: int, body: Any, kind: type[errors.MistError]) -> None:
    raw, _ = Reply(status, body).encoded()
    with answering(status, raw) as port, pytest.raises(errors.MistError) as caught:
        rest(f"http://127.0.0.1:{port}").get("/x")
    assert type(caught.value) is kind
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_is_asked_for_is_told(headers: dict[str, str], wait_s: float | None) -> None:
    with answering(429, b"{}", headers=headers) as port, pytest.raises(errors.ProviderRateLimited) as caught:
        rest(f"http://127.0.0.1:{port}").get("/x")
    told = caught.value.facts["retry_after_s"]
    assert told == wait_s or (told or 0) > 1e9


def test_words_of_a_vendor_are_made_fit_for_a_terminal() -> None:
    raw, _ = Reply(400, {"code": "no", "message": "\x1b[2Jgone\nand " + "x" * 5000}).encoded()
    with answering(400, raw) as port, pytest.raises(errors.ProviderRejected) as caught:
        rest(f"http://127.0.0.1:{port}").get("/x")
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 600


def test_half_an_answer_is_none() -> None:
    with truncated() as port, pytest.raises(errors.ProviderUnreachable):
        rest(f"http://127.0.0.1:{port}").get("/x")


@pytest.mark.parametrize(
    ("head", "piece"), [(b"Transfer-Encoding: chunked", b"1\r\n \r\n"), (b"Content-Length: 1000", b" ")]
)
def test_an_answer_that_trickles_ends_with_the_time(head: bytes, piece: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle() -> None:
            near, _ = listener.accept()
            with near, contextlib.suppress(OSError):
                near.recv(65536)
                near.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
                for _ in range(100):
                    near.sendall(piece)
                    threading.Event().wait(0.1)

        threading.Thread(target=trickle, daemon=True).start()
        with pytest.raises(errors.ProviderTimeout):
            rest(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.5).get("/x")


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(b'{"a": "' + b"x" * 100_000 + b'"}')
    with answering(200, body, "application/json", {"Content-Encoding": "gzip"}) as port:
        assert len(rest(f"http://127.0.0.1:{port}").get("/x")["a"]) == 100_000


@pytest.mark.parametrize("url", ["ftp://x", "cloud.example", "http://"])
def test_an_address_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInput, match="http://"):
        rest(url)


def test_what_is_deleted_may_answer_with_nothing() -> None:
    with answering(200, b"") as port:
        rest(f"http://127.0.0.1:{port}").delete("/x")


def test_a_page_that_does_not_tell_of_the_next_is_a_bad_answer() -> None:
    with answering(200, b'{"items": []}') as port, pytest.raises(errors.ProviderBadAnswer):
        rest(f"http://127.0.0.1:{port}").pages("/x", "items", by_number(lambda body: body["pages"]))
