"""The shape of what the service answers to requests that nobody should send."""

from __future__ import annotations

import gzip
import http.client
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exchange import exchange
from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("wire") / "data").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.sign_in()


def send(service: Service, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request(method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    return answer.status, json.loads(raw)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/nothing", b"", 404, "not_found"),
        ("GET", "/nothing?token=hidden", b"", 404, "not_found"),
        ("PUT", "/api/v1/keys", b"", 405, "invalid_input"),
        ("POST", "/api/v1/keys", b"{", 400, "invalid_input"),
        ("POST", "/api/v1/keys", b"[]", 400, "invalid_input"),
        ("POST", "/api/v1/keys", b'{"name": 5}', 400, "invalid_input"),
        ("POST", "/api/v1/keys", b'{"name": "k", "unknown": 1}', 400, "invalid_input"),
        ("POST", "/api/v1/keys", b'{"name": "\xff"}', 400, "invalid_input"),
        ("POST", "/api/v1/keys", b"[" * 100_000, 400, "invalid_input"),
        ("POST", "/api/v1/keys", b'{"name": "' + b"k" * 3_000_000 + b'"}', 413, "too_large"),
        ("GET", "/api/v1/keys?limit=many", b"", 400, "invalid_input"),
        ("GET", "/api/v1/keys?limit=0", b"", 400, "invalid_input"),
        ("GET", "/api/v1/keys?cursor=!!", b"", 400, "invalid_input"),
        ("GET", "/api/v1/machines/0", b"", 404, "not_found"),
        ("GET", "/api/v1/machines/%2e%2e%2fkeys", b"", 404, "not_found"),
        ("GET", "/api/v1/jobs/%00", b"", 404, "not_found"),
    ],
)
def test_every_refusal_has_one_shape(
    service: Service, token: str, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = send(service, method, path, body, Authorization=f"Bearer {token}")

    error = answer[1]["error"]
    assert isinstance(error, dict)
    assert (answer[0], error["code"]) == (status, code)
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["request_id"]
    assert "hidden" not in str(error)


def test_nothing_has_an_id_with_a_nul_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    running = Service(tmp_path / "data", flags=("--database-url", postgres_url)).start()
    try:
        token = running.sign_in()
        for method, path in (
            *(("GET", f"/{noun}/%00") for noun in ("backends", "jobs", "keys", "machines")),
            *(("DELETE", f"/{noun}/a%00b") for noun in ("backends", "keys", "tokens", "users")),
            ("POST", "/jobs/%00/cancel"),
            ("POST", "/machines/%00/probe"),
        ):
            status, told = running.request(method, path, {} if method == "POST" else None, token)
            assert (status, told["error"]["code"]) == (404, "not_found"), (method, path, told)
        status, told = running.request("POST", "/keys", {"name": "a\0b", "generate": {}}, token)
        assert (status, told["error"]["code"]) == (400, "invalid_input")
    finally:
        running.stop()


def test_the_caller_s_request_id_is_kept_when_harmless(service: Service, token: str) -> None:
    kept = send(service, "GET", "/api/v1/nothing", X_Request_Id="my-id-1", Authorization=f"Bearer {token}")
    replaced = send(service, "GET", "/api/v1/nothing", X_Request_Id="a b<c>", Authorization=f"Bearer {token}")

    assert kept[1]["error"]["request_id"] == "my-id-1"  # type: ignore[index]
    assert "<" not in str(replaced[1]["error"])


def test_the_document_and_its_page_stand_alone(service: Service) -> None:
    with urllib.request.urlopen(f"{service.uri}/api/v1/docs", timeout=30) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    status, document = send(service, "GET", "/api/v1/openapi.json")

    assert "default-src 'none'" in policy
    assert "<script" not in page
    assert "http://" not in page.replace("http://localhost", "")
    assert "https://" not in page
    assert (status, document["openapi"]) == (200, "3.1.0")


def test_large_answers_are_compressed_for_who_takes_gzip(service: Service, token: str) -> None:
    path, headers = "/api/v1/openapi.json", {"Accept-Encoding": "br, gzip;q=0.8"}

    plain, small = exchange(service.port, "GET", path), exchange(service.port, "GET", path, headers)
    refusing = exchange(service.port, "GET", path, {"Accept-Encoding": "gzip;q=0"})

    assert "content-encoding" not in {**plain.headers, **refusing.headers}
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "accept-encoding")
    assert int(small.headers["content-length"]) == len(small.body) < len(plain.body) / 4
    assert gzip.decompress(small.body) == plain.body == refusing.body
    assert small.headers["x-request-id"]


def test_what_is_small_or_no_json_stays_as_it_is(service: Service, token: str) -> None:
    headers = {"Accept-Encoding": "gzip", "Authorization": f"Bearer {token}"}
    for path in ("/api/v1/me", "/metrics", "/api/v1/docs"):
        answer = exchange(service.port, "GET", path, headers)
        assert (answer.status, answer.headers.get("content-encoding")) == (200, None), path

    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("GET", "/api/v1/events/stream?after=0", headers=headers)
    stream = connection.getresponse()
    first = stream.readline()
    connection.close()
    assert (stream.getheader("Content-Encoding"), first) == (None, b"id: 1\r\n")


def test_metrics_tell_of_the_service_and_not_of_accounts(service: Service) -> None:
    with urllib.request.urlopen(f"{service.uri}/metrics", timeout=30) as answer:
        text = answer.read().decode()

    assert "mist_http_requests_total" in text
    assert "admin@example.com" not in text


def test_an_idempotent_create_is_done_once(service: Service, token: str) -> None:
    body = json.dumps({"name": "once", "generate": {}}).encode()
    headers = {"Authorization": f"Bearer {token}", "Idempotency_Key": "abc"}

    first = send(service, "POST", "/api/v1/keys", body, **headers)
    again = send(service, "POST", "/api/v1/keys", body, **headers)
    other = send(service, "POST", "/api/v1/keys", body.replace(b"once", b"twice"), **headers)

    assert first[0] == 201
    assert again[1]["id"] == first[1]["id"]
    assert (other[0], other[1]["error"]["code"]) == (409, "conflict")  # type: ignore[index]


def test_the_log_is_json_with_request_ids(service: Service) -> None:
    lines = [json.loads(line) for line in Path(service.log).read_text().splitlines() if line.startswith("{")]

    assert any(line.get("message") == "request" and line.get("request_id") for line in lines)
