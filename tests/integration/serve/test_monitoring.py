"""What a machine posts, through a running service: taken, shown, and refused."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from mistserver.settings import Settings
from tests.lab.waiting import eventually
from tests.support.service import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("metrics") / "data", flags=("--manage-this-host",)).start()
    yield running
    assert running.stop() == 0


class Posting:
    """A machine that posts by hand, with what its user asks of it."""

    def __init__(self, service: Service) -> None:
        self.service, self.token = service, service.sign_in()
        self.id = eventually(lambda: self.ask("GET", "/machines?refresh=true")["items"])[0]["id"]
        self.password = self.enable()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.service.request(method, path, body, self.token)
        assert status < 300, (method, path, answer)
        return answer

    def enable(self) -> str:
        commands = self.ask("POST", f"/machines/{self.id}/monitoring", {"by_hand": True})["commands"]
        found = re.search(r'Password "([^"]+)"', commands)
        assert found
        return found.group(1)

    def post(self, body: bytes | Iterable[bytes], password: str | None = None) -> int:
        word = base64.b64encode(f"{self.id}:{password or self.password}".encode()).decode()
        address = f"{self.service.uri}/api/v1/intake/collectd"
        request = urllib.request.Request(address, body, {"Authorization": f"Basic {word}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def stats(self, query: str) -> Any:
        return self.ask("GET", f"/machines/{self.id}/stats?{query}")["metrics"]


@pytest.fixture(scope="module")
def machine(service: Service) -> Posting:
    return Posting(service)


def value_list(plugin: str, type: str, second: float, values: dict[str, float], kind: str = "gauge") -> dict[str, Any]:
    return {
        "values": list(values.values()),
        "dsnames": list(values),
        "dstypes": [kind] * len(values),
        "time": second,
        "interval": 10.0,
        "host": "h",
        "plugin": plugin,
        "plugin_instance": "",
        "type": type,
        "type_instance": "",
    }


def test_nothing_is_shown_before_anything_came(machine: Posting) -> None:
    assert machine.stats("metric=load") == {}


def test_what_is_posted_is_shown_under_its_ids(machine: Posting) -> None:
    begin = int(time.time()) // 10 * 10 - 60
    posts = [
        [
            value_list("load", "load", at + 0.5, {"shortterm": 0.25, "midterm": 0.5, "longterm": 1.0}),
            value_list("users", "users", at + 0.5, {"value": 2}),
            value_list("interface", "if_octets", at + 0.5, {"rx": 1000 * at, "tx": 5}, "derive"),
        ]
        for at in range(begin, begin + 50, 10)
    ]
    assert [machine.post(json.dumps(post).encode()) for post in posts] == [204] * 5

    window = f"start={begin}&stop={begin + 50}&step=10"
    shown = machine.stats(f"{window}&metric=load&metric=users")
    assert shown["load"]["datapoints"] == [[0.25, at] for at in range(begin, begin + 50, 10)]
    assert [value for value, _ in shown["users"]["datapoints"]] == [2.0] * 5
    rates = machine.stats(f"{window}&metric=interface.if_octets.rx")["interface.if_octets.rx"]["datapoints"]
    assert rates[0][0] is None
    assert [value for value, _ in rates[1:]] == [pytest.approx(1000.0)] * 4


def test_an_added_metric_is_part_of_the_stats(machine: Posting) -> None:
    now = int(time.time())
    assert machine.post(json.dumps([value_list("users", "users", now, {"value": 3})]).encode()) == 204
    assert "users" not in machine.stats("")
    machine.ask("PUT", f"/machines/{machine.id}/metrics/users", {"name": "Logins", "unit": "people"})
    shown = machine.stats("")["users"]
    assert (shown["name"], shown["unit"]) == ("Logins", "people")
    machine.ask("DELETE", f"/machines/{machine.id}/metrics/users")
    assert "users" not in machine.stats("")
    status, answer = machine.service.request("PUT", f"/machines/{machine.id}/metrics/none", {}, machine.token)
    assert (status, answer["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'{"a": 1}', b"[" * 100_000, b'[{"values": ["x"]}]', b"\xff\xfe", b'[{"time": null}]']
)
def test_what_is_no_post_is_refused(machine: Posting, body: bytes) -> None:
    assert machine.post(body) == 400


def test_posts_of_a_machine_that_is_known_are_counted_and_not_told_one_by_one(machine: Posting) -> None:
    def counted() -> int:
        with urllib.request.urlopen(f"{machine.service.uri}/metrics", timeout=30) as answer:
            route = 'method="POST",route="/api/v1/intake/collectd",status="204"'
            found = re.search(rf"^mist_http_requests_total{{{route}}} (\d+)", answer.read().decode(), re.MULTILINE)
        return int(found[1]) if found else 0

    def told() -> int:
        return machine.service.log.read_text().count('"path": "/api/v1/intake/collectd", "status": 204')

    assert machine.post(b"[]") == 204
    before = counted(), told()
    assert [machine.post(b"[]") for _ in range(3)] == [204] * 3
    assert (counted(), told()) == (before[0] + 3, before[1])


def test_a_post_of_a_known_machine_is_refused_when_it_is_too_large(machine: Posting) -> None:
    assert machine.post(b"[]") == 204
    limit = Settings().body_limit_bytes
    assert machine.post([b"[", b" " * (limit - 2), b"]"]) == 204
    assert machine.post([b"[", b" " * (limit - 1), b"]"]) == 413


def test_what_is_no_sample_is_left_out_of_a_post(machine: Posting) -> None:
    now = int(time.time())
    odd = [
        value_list("odd", "far", now + 100_000, {"value": 1}),
        value_list("odd", "huge", now, {"value": 1e305}),
        value_list("odd", "good", now, {"value": 1}),
    ]
    assert machine.post(json.dumps(odd).encode()) == 204
    known = {item["id"] for item in machine.ask("GET", f"/machines/{machine.id}/metrics")["items"]}
    assert {id for id in known if id.startswith("odd.")} == {"odd.good"}


def test_a_password_opens_its_own_machine_alone(machine: Posting) -> None:
    assert machine.post(b"[]", "another") == 401
    old, machine.password = machine.password, machine.enable()
    assert machine.post(b"[]", old) == 401
    assert machine.post(b"[]") == 204
    assert machine.service.request("GET", "/me", token=machine.password)[0] == 401


def test_custom_metrics_of_a_machine_that_sends_by_itself_are_refused(machine: Posting) -> None:
    body = {"name": "n", "code": "def read():\n    return 1\n"}
    status, answer = machine.service.request("POST", f"/machines/{machine.id}/plugins", body, machine.token)
    assert (status, answer["error"]["code"]) == (422, "not_supported")
    assert "mist enable-monitoring" in answer["error"]["message"]


@pytest.mark.parametrize("query", ["step=0", "start=5&stop=1", "start=-1", "start=0&step=1"])
def test_a_window_that_means_nothing_is_refused(machine: Posting, query: str) -> None:
    status, answer = machine.service.request("GET", f"/machines/{machine.id}/stats?{query}", token=machine.token)
    assert (status, answer["error"]["code"]) == (400, "invalid_input")


def test_what_was_sent_outlives_the_service(machine: Posting) -> None:
    second = int(time.time()) - 5
    assert machine.post(json.dumps([value_list("kept", "here", second, {"value": 7})]).encode()) == 204
    machine.service.kill()
    machine.service.start()
    window = f"start={second - 5}&stop={second + 5}&step=1&metric=kept.here"
    assert 7.0 in [value for value, _ in machine.stats(window)["kept.here"]["datapoints"]]
