"""The console as the service serves it: one page for every view, files that are kept for ever, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mistserver.api.browser import COOKIE
from mistserver.console import is_there
from mistserver.console.serving import POLICY
from tests.support.exchange import Answer, exchange
from tests.support.service import Service

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
pytestmark = pytest.mark.skipif(not is_there(), reason="the console is not built: make console")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("console") / "data").start()
    yield running
    assert running.stop() == 0


def get(service: Service, path: str, **headers: str) -> Answer:
    return exchange(service.port, "GET", path, headers)


def script_of(index: Answer) -> str:
    found = re.search(rb'src="(/assets/[^"]+\.js)"', index.body)
    assert found is not None
    return found[1].decode()


def test_every_view_has_its_own_address(service: Service) -> None:
    index = get(service, "/")

    assert (index.status, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<script" in index.body
    for path in ("/machines", "/machines/a.b/graphs", "/none?x=/api", "/healthz2", "/apis"):
        answer = get(service, path, **HTML)
        assert (answer.status, answer.body) == (200, index.body), path


def test_the_page_is_under_a_strict_policy(service: Service) -> None:
    headers = get(service, "/").headers

    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "default-src 'none'" in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/api", "/api/v1/none", "/healthz/x", "/metrics/x", "/assets/none.js", "/none.html"])
def test_what_is_no_view_is_not_the_page(service: Service, path: str) -> None:
    answer = get(service, path, **HTML)

    assert answer.status == 404
    assert answer.json["error"]["code"] == "not_found"


def test_what_is_no_question_of_a_browser_is_not_the_page(service: Service) -> None:
    assert get(service, "/machines", Accept="application/json").json["error"]["code"] == "not_found"
    assert exchange(service.port, "POST", "/machines", HTML, {}).status in (404, 405)
    assert get(service, "/healthz", **HTML).json == {"status": "ok"}


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/serving.py", "/assets/..%2f..%2fserving.py", "/.inputs", "/assets/%00.js"]
)
def test_there_is_no_way_out_of_the_folder(service: Service, path: str) -> None:
    answer = get(service, path)

    assert answer.status == 404
    assert answer.json["error"]["code"] == "not_found"


def test_assets_are_kept_for_ever_and_come_compressed(service: Service) -> None:
    path = script_of(get(service, "/"))

    plain, small, smaller = get(service, path), get(service, path, **GZIP), get(service, path, **ALL)

    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert [answer.headers.get("content-encoding") for answer in (plain, small, smaller)] == [None, "gzip", "br"]
    assert len(plain.body) > len(small.body) > len(smaller.body)
    assert {answer.headers["vary"] for answer in (plain, small, smaller)} == {"accept-encoding"}


GZIP = {"Accept-Encoding": "gzip"}
ALL = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def test_the_page_is_asked_for_again_and_sent_only_when_it_is_new(service: Service) -> None:
    first = get(service, "/")

    again = exchange(service.port, "GET", "/", {"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    new = exchange(service.port, "GET", "/", {"If-None-Match": '"other"'})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status, again.body) == (304, b"")
    assert (new.status, new.body) == (200, first.body)


def test_the_page_names_what_the_view_of_a_browser_with_a_session_needs(service: Service) -> None:
    cookie = {"Cookie": f"{COOKIE}=mist_any; x=y", **ALL}
    visitor, signed_in, machines = (
        get(service, "/"),
        get(service, "/", **cookie),
        get(service, "/machines", **cookie, **HTML),
    )
    again = exchange(service.port, "GET", "/", {**cookie, "If-None-Match": signed_in.headers["etag"]})

    read = b'<link rel="preload" as="fetch" crossorigin href="/api/v1/me">'
    assert (b"/api/" in visitor.body, read in signed_in.body, read in machines.body) == (False, True, True)
    assert b"Machines-" in machines.body
    assert again.status == 304
    assert signed_in.headers["etag"] not in (visitor.headers["etag"], machines.headers["etag"])
    assert signed_in.body.count(script_of(visitor).encode()) == 1
    assert b"/api/" not in get(service, "/sign-in", **HTML).body
    assert get(service, "/.early.json").status == 404


def test_a_head_is_the_answer_without_its_body(service: Service) -> None:
    whole, head = get(service, "/", **HTML), exchange(service.port, "HEAD", "/", HTML)

    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.body))


def test_addresses_of_browsers_are_one_row_in_the_services_metrics(service: Service) -> None:
    get(service, "/a-view-of-many", **HTML)

    shown = get(service, "/metrics").body

    assert b'route="console"' in shown
    assert b"a-view-of-many" not in shown
