"""Orders to machines that cannot be carried out, by users who may not give them or as texts that must stay texts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair, Sshd
from tests.lab.waiting import eventually
from tests.support import hostile
from tests.support.front import Front, docker


@pytest.fixture(scope="module")
def containers(front: Front, docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[list[dict[str, Any]]]:
    """Three machines of one create."""
    image = docker_engine.mini_image(lab_key.public)
    backend = front.done("POST", "/backends", {**docker(port=docker_engine.tcp_port), "name": "engine"})
    ask = {"backend": "engine", "name": "trio", "image": image, "quantity": 3}
    job = front.finished(front.done("POST", "/machines", ask))
    assert job["state"] == "succeeded", job["error"]
    machines = front.done("GET", "/machines?search=trio-")["items"]
    assert sorted(machine["name"] for machine in machines) == ["trio-1", "trio-2", "trio-3"]
    yield machines
    for machine in machines:
        front.finished(front.done("POST", f"/machines/{machine['id']}/actions", {"action": "destroy"}))
    front.done("DELETE", f"/backends/{backend['id']}")


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"backend": "none"}, 404, "no backend called 'none'"),
        ({"image": ""}, 400, "Name the image to create the machine with"),
        ({"name": ""}, 400, "a name that is not empty"),
        ({"name": "two words"}, 400, "Docker does not take the name 'two words'"),
        ({"name": hostile.COMMANDS[0]}, 400, "Docker does not take the name"),
        ({"name": hostile.HIDDEN[0]}, 400, "holds a control or invisible character"),
        ({"name": hostile.ENDLESS}, 400, "has 4096 characters"),
        ({"quantity": 0}, 400, "The quantity is 0; give 1 to 100."),
        ({"quantity": 101}, 400, "The quantity is 101; give 1 to 100."),
        ({"wait_timeout_s": -1}, 400, "wait_timeout_s goes from more than 0"),
        ({"tags": ["a,b"]}, 400, "give each tag by itself"),
        ({"key": "none"}, 404, "no key called 'none'"),
        ({"script": "\x00"}, 400, "The script must not be empty"),
        ({"extra": {"bogus": 1}}, 400, "bogus"),
        ({"extra": {"ports": [[1]]}}, 400, "The ports have to be like"),
        ({"extra": {"command": "'"}}, 400, "The command has to be"),
    ],
)
def test_a_machine_that_cannot_be(
    front: Front, containers: list[dict[str, Any]], changed: dict[str, Any], status: int, says: str
) -> None:
    with front.unchanged():
        answer = front.refused("POST", "/machines", {"backend": "engine", "name": "web", "image": "i", **changed})

    assert answer[0] == status, answer
    assert says in answer[2], answer


def test_an_image_that_is_not_there_leaves_nothing(front: Front, containers: list[dict[str, Any]]) -> None:
    with front.unchanged():
        job = front.finished(
            front.done("POST", "/machines", {"backend": "engine", "name": "web", "image": "UPPER $(x)"})
        )

    assert job["state"] == "failed"
    assert "Docker refused to create container: invalid reference format" in job["error"]["message"]


def test_a_stopped_machine(front: Front, containers: list[dict[str, Any]]) -> None:
    at = f"/machines/{containers[0]['id']}"
    front.finished(front.done("POST", f"{at}/actions", {"action": "stop"}))

    again = front.refused("POST", f"{at}/actions", {"action": "stop"})
    probe = front.refused("POST", f"{at}/probe", {})
    ticket = front.refused("POST", f"{at}/tickets", {"purpose": "terminal"})
    run = front.finished(front.done("POST", "/runs", {"command": "true", "machines": [containers[0]["id"]]}))
    item = front.done("GET", f"/jobs/{run['id']}/items")["items"][0]

    assert (again[0], probe[0], ticket[0], run["state"]) == (409, 409, 409, "failed")
    assert "is stopped, so it cannot be told to stop; possible now: start, destroy" in again[2]
    assert all("start it first" in text for text in (probe[2], ticket[2], item["error"]["message"]))
    for body in ({"action": "explode"}, {"action": "resize"}, {"action": "stop", "size": "x"}):
        assert front.refused("POST", f"{at}/actions", body)[0] == 400
    assert front.refused("POST", f"{at}/actions", {"action": "resize", "size": "x"})[0] == 422


def test_commands_and_tags_are_texts(front: Front, containers: list[dict[str, Any]], door: Sshd) -> None:
    settings = {"machine_ip": door.host, "machine_port": door.port, "machine_user": door.user, "machine_key": "lab"}
    backend = front.done("POST", "/backends", {"provider": "bare_metal", "settings": settings, "name": "door"})
    door = front.done("GET", f"/machines?refresh=true&backend={backend['id']}")["items"][0]["id"]
    words = [word for word in hostile.EVERY if "\0" not in word]
    body = {"command": f"printf '%s.' {shlex.join(words)}", "machines": [door, containers[1]["id"]]}

    run = front.finished(front.done("POST", "/runs", body))
    items = front.done("GET", f"/jobs/{run['id']}/items")["items"]
    late = front.finished(front.done("POST", "/runs", {"command": "sleep 60", "machines": [door], "timeout_s": 1}))
    told = front.done("GET", f"/jobs/{late['id']}/items")["items"][0]["error"]["message"]
    for tag in hostile.EVERY:
        at = f"/machines/{door}/tags/{quote(tag, safe='')}"
        if tag in hostile.SHOWN and len(tag) <= 100 and "," not in tag:
            assert tag in front.done("PUT", at)["tags"]
            assert tag not in front.done("DELETE", at)["tags"]
        else:
            assert front.refused("PUT", at)[:2] == (400, "invalid_input")
    front.done("DELETE", f"/backends/{backend['id']}")

    assert [item["stdout"] for item in items] == ["".join(f"{word}." for word in words)] * 2
    assert "did not finish within 1 s" in told
    assert not hostile.CANARY.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"command": "x"}, 400),
        ({"command": "", "all": True}, 400),
        ({"command": "\x00", "all": True}, 400),
        ({"command": "x" * 1_100_000, "all": True}, 400),
        ({"command": "x", "script": "y", "all": True}, 400),
        ({"command": "x", "all": True, "tag": "t"}, 400),
        ({"command": "x", "all": True, "user": hostile.COMMANDS[0]}, 400),
        ({"command": "x", "all": True, "user": "-l"}, 400),
        ({"command": "x", "all": True, "parallel": 0}, 400),
        ({"command": "x", "all": True, "timeout_s": -1}, 400),
        ({"command": "x", "all": True, "timeout_s": 1e300}, 400),
        ({"command": "x", "tag": "\x1b"}, 400),
        ({"command": "x", "tag": "nothing has this"}, 404),
        ({"command": "x", "machines": []}, 404),
        ({"command": "x", "machines": ["0"]}, 404),
    ],
)
def test_a_run_that_cannot_be(front: Front, body: dict[str, Any], status: int) -> None:
    assert front.refused("POST", "/runs", body)[0] == status


def test_tokens_that_are_not_good_any_more(front: Front) -> None:
    short = front.done("POST", "/tokens", {"name": "short", "scope": "read", "expires_in_s": 1})["token"]
    gone = front.done("POST", "/tokens", {"name": "gone", "scope": "read"})
    front.done("DELETE", f"/tokens/{gone['id']}")

    eventually(lambda: front.ask("GET", "/me", token=short)[0] == 401)
    expired = front.refused("GET", "/me", token=short)
    others = [front.refused("GET", "/me", token=text) for text in (gone["token"], "mist_nonsense", "x" * 7000)]

    assert "The token expired at" in expired[2]
    assert [answer[:2] for answer in others] == [(401, "not_signed_in")] * 3


@pytest.mark.parametrize("scope", ["read", "operate"])
def test_what_a_narrow_token_may_not(front: Front, scope: str) -> None:
    made = front.done("POST", "/tokens", {"name": scope, "scope": scope})
    bodies: dict[str, Any] = {
        "/keys": {"name": "never", "generate": {}},
        "/backends": docker(),
        "/users": {"email": "b@example.com", "password": "12345678", "role": "viewer"},
        "/tokens": {"name": "wide", "scope": "admin"},
    }
    if scope == "read":
        bodies["/runs"] = {"command": "true", "all": True}
        bodies["/machines"] = {"backend": "engine", "name": "never", "image": "i"}

    with front.unchanged():
        answers = [front.refused("POST", path, body, made["token"]) for path, body in bodies.items()]

    assert [answer[:2] for answer in answers] == [(403, "forbidden")] * len(bodies)
    assert all(f"'{scope}'" in answer[2] for answer in answers)
    front.done("DELETE", f"/tokens/{made['id']}")
