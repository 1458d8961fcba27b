"""The cookie of the console: what it looks like, and who may act with it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.certificates import Authority
from tests.lab.waiting import eventually
from tests.support.exchange import Answer, exchange
from tests.support.service import EMAIL, PASSWORD, Service

CONSOLE = {"X-Mist-Console": "1"}
SIGN_IN = {"email": EMAIL, "password": PASSWORD}
UNSAFE = [("POST", "/tokens"), ("PUT", "/keys/none/default"), ("PATCH", "/keys/none"), ("DELETE", "/tokens/none")]
AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "console, Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/143.0 Safari/537.36 Edg/143.0": "console, Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1": "console, Safari on iOS",
    "<script>": "console",
}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1"},  # another port
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    flags = ("--public-url", "https://mist.example", "--trusted-proxy", "127.0.0.1")
    running = Service(tmp_path_factory.mktemp("browser") / "data", flags=flags).start()
    yield running
    assert running.stop() == 0


def ask(service: Service, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
    return exchange(service.port, method, f"/api/v1{path}", headers, body)


def sign_in(service: Service, **headers: str) -> Answer:
    answer = ask(service, "POST", "/sessions", {**CONSOLE, "Origin": service.uri, **headers}, SIGN_IN)
    assert answer.status == 201, answer.body
    return answer


def cookie(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def attributes(answer: Answer) -> set[str]:
    return {part.strip().lower().partition("=max")[0] for part in answer.headers["set-cookie"].split(";")[1:]}


@pytest.fixture(scope="module")
def held(service: Service) -> dict[str, str]:
    """The headers that a browser with a session sends by itself."""
    return {"Cookie": cookie(sign_in(service))}


def test_a_browser_keeps_its_token_where_no_script_finds_it(service: Service) -> None:
    answer = sign_in(service)

    assert cookie(answer).startswith("mist_session=mist_")
    assert answer.json["token"] == ""
    assert {"httponly", "samesite=strict", "path=/"} <= attributes(answer)
    assert "secure" not in attributes(answer)  # plain HTTP on loopback
    assert 0 < int(answer.headers["set-cookie"].lower().partition("max-age=")[2].partition(";")[0]) <= 30 * 86400
    assert "access-control-allow-origin" not in answer.headers


def test_without_the_header_a_sign_in_gives_a_bearer_token_and_no_cookie(service: Service) -> None:
    answer = ask(service, "POST", "/sessions", {}, SIGN_IN)

    assert answer.json["token"].startswith("mist_")
    assert "set-cookie" not in answer.headers
    bearer = {"Authorization": f"Bearer {answer.json['token']}"}
    assert ask(service, "GET", "/me", bearer).status == 200
    # an API client has no page, so where a request of its comes from does not matter
    assert ask(service, "POST", "/tokens", {**bearer, "Origin": "https://other.example"}, {"name": "t"}).status == 201


def test_every_sign_in_makes_a_new_token_in_place_of_the_browsers_old_one(service: Service) -> None:
    fixed = sign_in(service, Cookie="mist_session=mist_chosen-by-somebody-else")
    other = {"Cookie": cookie(sign_in(service))}
    old = {"Cookie": cookie(sign_in(service))}
    wrong = ask(service, "POST", "/sessions", {**CONSOLE, **old, "Origin": service.uri}, SIGN_IN | {"password": "no"})
    kept = ask(service, "GET", "/me", old)
    new = {"Cookie": cookie(sign_in(service, **old))}

    assert len({cookie(fixed), old["Cookie"], new["Cookie"]}) == 3
    assert (wrong.status, kept.status) == (401, 200)
    assert [ask(service, "GET", "/me", each).status for each in (old, other, new)] == [401, 200, 200]


def test_a_token_that_stands_in_the_cookie_is_not_ended_by_a_sign_in(service: Service) -> None:
    bearer = {"Authorization": f"Bearer {service.sign_in()}"}
    token = ask(service, "POST", "/tokens", bearer, {"name": "t"}).json["token"]

    sign_in(service, Cookie=f"mist_session={token}")

    assert ask(service, "GET", "/me", {"Authorization": f"Bearer {token}"}).status == 200


@pytest.mark.parametrize(("agent", "name"), AGENTS.items())
def test_a_session_is_called_after_where_it_began(service: Service, agent: str, name: str) -> None:
    mine = {"Cookie": cookie(sign_in(service, **{"User-Agent": agent}))}

    me = ask(service, "GET", "/me", mine).json
    tokens = ask(service, "GET", "/tokens?limit=1000", mine).json["items"]

    assert [each["name"] for each in tokens if each["id"] == me["token_id"]] == [name]


def test_a_session_of_a_program_is_called_after_it_or_as_it_says(service: Service) -> None:
    names = []
    for more in ({}, {"name": "nightly"}):
        answer = ask(service, "POST", "/sessions", {"User-Agent": "curl/8.5.0"}, SIGN_IN | more)
        bearer = {"Authorization": f"Bearer {answer.json['token']}"}
        tokens = ask(service, "GET", "/tokens?limit=1000", bearer).json["items"]
        names += [each["name"] for each in tokens if each["id"] == answer.json["token_id"]]

    assert names == ["API, curl", "nightly"]


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_another_site_cannot_act_or_read_with_it(
    service: Service, held: dict[str, str], foreign: dict[str, str]
) -> None:
    for method, path in [*UNSAFE, ("GET", "/me"), ("GET", "/events/stream")]:
        answer = ask(service, method, path, {**held, **CONSOLE, **foreign})
        assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden"), (method, path)


def test_no_route_is_open_to_another_site(service: Service, held: dict[str, str]) -> None:
    asked = 0
    for path, operations in ask(service, "GET", "/openapi.json", {}).json["paths"].items():
        if path.split("/")[3] in ("intake", "setup"):  # no session counts there
            continue
        filled = re.sub("[{}]", "", path.removeprefix("/api/v1"))
        for method in set(operations) - ({"post"} if filled == "/sessions" else set()):
            answer = ask(service, method.upper(), filled, {**held, **CONSOLE, "Sec-Fetch-Site": "cross-site"})
            assert answer.status == 403, (method, path)
            asked += 1
    assert asked > 70


@pytest.mark.parametrize(("method", "path"), UNSAFE)
def test_a_form_cannot_act_with_it(service: Service, held: dict[str, str], method: str, path: str) -> None:
    for headers in ({}, {"Origin": service.uri}, {"Sec-Fetch-Site": "none"}, {"X-Mist-Console": "0"}):
        answer = ask(service, method, path, {**held, **headers})
        assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden"), headers


def test_a_sign_in_from_another_site_sets_no_cookie(service: Service) -> None:
    for foreign in FOREIGN:
        answer = ask(service, "POST", "/sessions", {**CONSOLE, **foreign}, SIGN_IN)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("own", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}], ids=str)
def test_the_services_own_pages_read_and_act(service: Service, held: dict[str, str], own: dict[str, str]) -> None:
    assert ask(service, "GET", "/me", {**held, **own}).status == 200
    for origin in (service.uri, "https://mist.example"):
        made = ask(service, "POST", "/tokens", {**held, **own, **CONSOLE, "Origin": origin}, {"name": "t"})
        assert made.status == 201


def test_signing_out_ends_the_session_and_clears_the_cookie(service: Service) -> None:
    held = {"Cookie": cookie(sign_in(service))}

    answer = ask(service, "DELETE", "/sessions/current", {**held, **CONSOLE})

    assert answer.status == 204
    assert "max-age=0" in attributes(answer)
    assert ask(service, "GET", "/me", held).status == 401


def test_a_new_password_and_a_revoked_token_end_other_sessions(service: Service) -> None:
    me = ask(service, "GET", "/me", mine := {"Cookie": cookie(sign_in(service))}).json["user"]["id"]
    other = sign_in(service)
    third = sign_in(service)
    body = {"password": PASSWORD, "current_password": PASSWORD}

    revoked = ask(service, "DELETE", f"/tokens/{other.json['token_id']}", {**mine, **CONSOLE})
    assert (revoked.status, ask(service, "GET", "/me", {"Cookie": cookie(other)}).status) == (204, 401)
    changed = ask(service, "PUT", f"/users/{me}/password", {**mine, **CONSOLE}, body)
    assert (changed.status, ask(service, "GET", "/me", {"Cookie": cookie(third)}).status) == (200, 401)
    assert ask(service, "GET", "/me", mine).status == 200


def test_behind_tls_the_cookie_is_secure(tmp_path: Path) -> None:
    authority = Authority()
    pair = authority.server("127.0.0.1")
    (tmp_path / "cert.pem").write_text(pair.certificate)
    (tmp_path / "key.pem").write_text(pair.private)
    flags = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    service = Service(tmp_path / "data", flags=flags).start(wait=False)
    trust = ssl.create_default_context(cadata=authority.pem)
    try:
        eventually(lambda: _is_up(service.port, trust), 60)
        headers = {**CONSOLE, "Origin": f"https://127.0.0.1:{service.port}"}
        answer = exchange(service.port, "POST", "/api/v1/sessions", headers, SIGN_IN, tls=trust)
    finally:
        service.stop()

    assert {"secure", "httponly", "samesite=strict"} <= attributes(answer)


def test_a_trusted_proxy_says_that_it_is_tls(service: Service) -> None:
    answer = sign_in(service, **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.1.1"})

    assert "secure" in attributes(answer)


def _is_up(port: int, trust: ssl.SSLContext) -> bool:
    try:
        return exchange(port, "GET", "/readyz", tls=trust).status == 200
    except OSError:
        return False
