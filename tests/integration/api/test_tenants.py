"""Every route of the OpenAPI document, asked by those who may not: another account, nobody, a viewer."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.api.conftest import Tenant
from tests.support.service import PASSWORD, Service

PUBLIC = {("get", "/setup"), ("post", "/setup"), ("post", "/sessions")}

# a valid body for each operation that takes one; ids in it belong to whoever `ids` describes
BODIES: dict[tuple[str, str], Any] = {
    ("post", "/users"): lambda ids: {"email": "n@example.com", "password": PASSWORD},
    ("patch", "/users/{user_id}"): lambda ids: {"name": "n"},
    ("put", "/users/{user_id}/password"): lambda ids: {"password": PASSWORD + "!"},
    ("post", "/tokens"): lambda ids: {"name": "x", "scope": "admin"},
    ("post", "/backends"): lambda ids: {
        "provider": "bare_metal",
        "settings": {"machine_ip": "127.0.0.1", "machine_key": ids["key_id"]},
    },
    ("patch", "/backends/{backend_id}"): lambda ids: {"name": "n"},
    ("put", "/backends/{backend_id}/credentials"): lambda ids: {"settings": {}},
    ("post", "/keys"): lambda ids: {"name": "x", "generate": {}},
    ("post", "/key-pairs"): lambda ids: {},
    ("patch", "/keys/{key_id}"): lambda ids: {"name": "n"},
    ("post", "/machines"): lambda ids: {"backend": ids["backend_id"], "name": "n", "image": "i"},
    ("post", "/machines/{machine_id}/actions"): lambda ids: {"action": "stop"},
    ("post", "/machines/{machine_id}/probe"): lambda ids: {},
    ("put", "/machines/{machine_id}/keys/{key_id}"): lambda ids: {},
    ("post", "/machines/{machine_id}/tickets"): lambda ids: {"purpose": "terminal"},
    ("post", "/runs"): lambda ids: {"command": "true", "machines": [ids["machine_id"]]},
    ("post", "/machines/{machine_id}/monitoring"): lambda ids: {"by_hand": True},
    ("post", "/machines/{machine_id}/monitoring/disable"): lambda ids: {},
    ("put", "/machines/{machine_id}/metrics/{metric_id}"): lambda ids: {},
    ("post", "/machines/{machine_id}/plugins"): lambda ids: {"name": "n", "code": "def read(): return 1"},
    ("post", "/rules"): lambda ids: {"machine_id": ids["machine_id"], "metric": "load", "value": 5},
    ("patch", "/rules/{rule_id}"): lambda ids: {"value": 6},
    ("post", "/silences"): lambda ids: {"machine_id": ids["machine_id"], "duration_s": 60},
    ("post", "/channels"): lambda ids: {"name": "n", "url": "json://127.0.0.1:9"},
}  # fmt: skip

# with the caller's own rights these create or list things of its own: no foreign id is in them
OWN = {
    ("get", "/me"), ("get", "/users"), ("get", "/tokens"), ("get", "/providers"), ("get", "/backends"),
    ("get", "/keys"),
    ("get", "/machines"), ("get", "/jobs"), ("get", "/events"), ("get", "/events/stream"), ("post", "/users"),
    ("post", "/tokens"), ("post", "/keys"), ("post", "/key-pairs"), ("delete", "/sessions/current"),
    ("get", "/sizes"), ("get", "/rules"), ("get", "/alerts"), ("get", "/silences"), ("get", "/channels"),
    ("post", "/channels"), ("get", "/monitoring"), ("get", "/about"),
}  # fmt: skip
NOUNS = ("users", "tokens", "backends", "keys", "machines", "jobs", "events", "rules", "silences", "channels")
ONLY_ONCE_BROKEN = {("get", "/alerts/{alert_id}")}  # an alert comes of a rule that was broken, and none is here


def operations(service: Service) -> list[tuple[str, str]]:
    _, document = service.request("GET", "/openapi.json")
    return [
        (method, path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1") and not path.startswith("/api/v1/intake/")  # machines sign in there, not users
    ]


def ask(service: Service, operation: tuple[str, str], ids: dict[str, str], token: str | None) -> tuple[int, Any]:
    method, path = operation
    filled = re.sub(r"\{(\w+)\}", lambda found: ids[found.group(1)], path)
    body = BODIES.get(operation)
    return service.request(method.upper(), filled, body(ids) if body else None, token)


def test_every_operation_with_a_body_is_covered(service: Service) -> None:
    _, document = service.request("GET", "/openapi.json")

    takes_body = {
        (method, path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }

    assert takes_body - PUBLIC == set(BODIES)


def test_nobody_gets_anything_without_a_token(service: Service, first: Tenant) -> None:
    answers = {op: ask(service, op, first.ids, None)[0] for op in operations(service) if op not in PUBLIC}

    assert {op: status for op, status in answers.items() if status != 401} == {}
    assert len(answers) > 40


@pytest.mark.parametrize("token", ["mist_nonsense", "x", "mist_" + "1" * 44])
def test_a_wrong_token_is_no_token(service: Service, first: Tenant, token: str) -> None:
    answers = {op: ask(service, op, first.ids, token)[0] for op in operations(service) if op not in PUBLIC}

    assert {op: status for op, status in answers.items() if status != 401} == {}


def test_things_of_another_account_do_not_exist(service: Service, first: Tenant, second: Tenant) -> None:
    walked = [op for op in operations(service) if op not in PUBLIC | OWN]

    answers = {op: ask(service, op, first.ids, second.token) for op in walked}

    assert {op: answer for op, answer in answers.items() if answer[0] != 404} == {}
    assert len(walked) > 25


def test_what_is_one_s_own_does_exist(service: Service, second: Tenant) -> None:
    things = {op for op in operations(service) if op[0] == "get" and "{" in op[1] and not op[1].endswith("/stream")}

    answers = {op: ask(service, op, second.ids, second.token) for op in things - ONLY_ONCE_BROKEN}

    refused = {op: answer for op, answer in answers.items() if answer[0] != 200}
    assert {op: answer for op, answer in refused.items() if answer[1]["error"]["code"] != "not_supported"} == {}
    assert len(things) > 10


def test_foreign_ids_in_queries_and_bodies_do_not_exist(service: Service, first: Tenant, second: Tenant) -> None:
    foreign, own = first.ids, second.ids
    settings = {"machine_ip": "127.0.0.1", "machine_key": own["key_id"]}
    jump = {"host": "127.0.0.1", "user": "u", "port": 22, "key": foreign["key_id"]}
    questions: dict[str, tuple[str, str, Any]] = {
        "the machines of a backend": ("GET", f"/machines?backend={foreign['backend_id']}", None),
        "a probe with a key": ("POST", f"/machines/{own['machine_id']}/probe", {"key": foreign["key_id"]}),
        "a run among one's own": (
            "POST", "/runs", {"command": "true", "machines": [own["machine_id"], foreign["machine_id"]]},
        ),
        "a jump host's key": (
            "POST", "/backends", {"provider": "bare_metal", "settings": settings, "jump_host": jump},
        ),
        "a jump host's key later": ("PATCH", f"/backends/{own['backend_id']}", {"jump_host": jump}),
    }  # fmt: skip

    answers = {what: service.request(*question, second.token) for what, question in questions.items()}

    assert {what: answer for what, answer in answers.items() if answer[0] != 404} == {}


def test_searches_find_nothing_of_another_account(service: Service, first: Tenant, second: Tenant) -> None:
    ids = first.ids
    questions = [
        f"/{noun}?select={ids[f'{noun[:-1]}_id']}" for noun in ("backends", "machines", "keys", "users", "tokens")
    ]
    questions += [f"/machines?search={ids['machine_id']}", f"/events?subject={ids['machine_id']}"]

    answers = {question: service.request("GET", question, token=second.token) for question in questions}

    assert {question: answer for question, answer in answers.items() if answer[0] != 200 or answer[1]["items"]} == {}


def test_a_foreign_id_within_one_s_own_path_does_not_exist(service: Service, first: Tenant, second: Tenant) -> None:
    mixed = {**second.ids, "key_id": first.ids["key_id"]}

    status, answer = ask(service, ("put", "/machines/{machine_id}/keys/{key_id}"), mixed, second.token)

    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_listings_hold_nothing_of_another_account(service: Service, first: Tenant, second: Tenant) -> None:
    foreign = {value for name, value in first.ids.items() if name not in ("tag_text", "image_id", "metric_id")}

    for noun in NOUNS:
        _, answer = service.request("GET", f"/{noun}?limit=1000", token=second.token)
        assert not [id for id in foreign if id in str(answer)], noun


def test_a_viewer_changes_nothing(service: Service, first: Tenant) -> None:
    _, made = service.request("POST", "/tokens", {"name": "viewer", "scope": "read"}, first.token)
    changes = [op for op in operations(service) if op[0] != "get" and op not in PUBLIC]
    own = {("post", "/tokens"), ("delete", "/sessions/current"), ("delete", "/tokens/{token_id}")}
    stored_nowhere = {("post", "/key-pairs")}
    before = _everything(service, first.token)

    answers = {op: ask(service, op, first.ids, made["token"])[0] for op in changes if op not in own}

    assert {op for op, status in answers.items() if status != 403} == stored_nowhere
    assert _everything(service, first.token) == before


def test_a_token_makes_no_wider_token(service: Service, first: Tenant) -> None:
    _, made = service.request("POST", "/tokens", {"name": "narrow", "scope": "read"}, first.token)

    status, answer = service.request("POST", "/tokens", {"name": "wide", "scope": "admin"}, made["token"])

    assert status == 403, answer


def test_an_expired_or_revoked_token_is_refused(service: Service, first: Tenant) -> None:
    _, revoked = service.request("POST", "/tokens", {"name": "r", "scope": "read"}, first.token)
    service.request("DELETE", f"/tokens/{revoked['id']}", token=first.token)

    status, _ = service.request("GET", "/me", token=revoked["token"])

    assert status == 401


def _everything(service: Service, token: str) -> dict[str, set[str]]:
    answers = {noun: service.request("GET", f"/{noun}?limit=1000", token=token)[1]["items"] for noun in NOUNS}
    return {noun: {str(item.get("id") or item["seq"]) for item in items} for noun, items in answers.items()}
