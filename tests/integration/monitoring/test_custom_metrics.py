"""Custom metrics of machines without an agent, through a real sshd and in a container of a real engine."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.integration.monitoring.conftest import named
from tests.integration.monitoring.test_agentless import disabled, enabled, points, shells
from tests.lab.sshd import Sshd
from tests.lab.waiting import eventually
from tests.support.front import Front

THIRD_TIME = "n = 0\ndef read():\n    global n\n    n += 1\n    print('call', n)\n    return n / (3 - n)\n"
RANDOM = "import random\n\n\ndef read():\n    return random.random()\n"


@pytest.fixture(scope="module")
def sampled(front: Front, host: str) -> str:
    enabled(front, host, agent=False, interval_s=1)
    return host


def added(front: Front, machine_id: str, name: str, code: str, **more: Any) -> dict[str, Any]:
    return front.finished(front.done("POST", f"/machines/{machine_id}/plugins", {"name": name, "code": code, **more}))


def removed(front: Front, machine_id: str, plugin_id: str) -> None:
    job = front.finished(front.done("DELETE", f"/machines/{machine_id}/plugins/{plugin_id}"))
    assert job["state"] == "succeeded", job["error"]


def plugin(front: Front, machine_id: str, plugin_id: str) -> dict[str, Any]:
    items = front.done("GET", f"/machines/{machine_id}/plugins")["items"]
    return dict(next(item for item in items if item["id"] == plugin_id))


def test_a_file_that_hides_its_own_import_is_plotted(front: Front, sampled: str) -> None:
    job = added(front, sampled, "Random", RANDOM, unit="things")
    assert job["state"] == "succeeded", job
    assert job["result"]["metric_id"] == "mist.python.random"
    assert job["result"]["stdout"].count("read() ") == 3
    values = eventually(lambda: (found := points(front, sampled, "mist.python.random"))[2:] and found)
    assert all(0 <= value < 1 for value in values)
    assert len(set(values)) > 1
    listed = {item["id"]: item for item in front.done("GET", f"/machines/{sampled}/metrics")["items"]}
    assert (listed["mist.python.random"]["name"], listed["mist.python.random"]["unit"]) == ("Random", "things")
    assert listed["mist.python.random"]["shown"] is True


@pytest.mark.parametrize(
    ("code", "why", "said"),
    [
        ("import os\ndef read():\n    os._exit(0)\n", "it ended after 0 of 3 calls", ""),
        ("def read():\n    while True: pass\n", "no answer within", "read() 1"),
        ("def read():\n    raise KeyError('disk')\n", "KeyError: 'disk' (line 2)", "read() 1: KeyError"),
        ("def read():\n    return '5'\n", "which is no number", ""),
        ("def read():\n    return True\n", "answered True, which is no number", ""),
        ("def read():\n    return float('nan')\n", "no finite number", ""),
        ("def read():\n    raise SystemExit(0)\n", "SystemExit", ""),
        ("x = 5\n", "the file has no function read()", ""),
        ("def read(:\n", "SyntaxError", ""),
        (THIRD_TIME, "division by zero", "call 3"),
    ],
)  # fmt: skip
def test_a_file_that_fails_its_trial_is_refused(front: Front, sampled: str, code: str, why: str, said: str) -> None:
    job = added(front, sampled, "refused", code)

    assert job["state"] == "failed"
    assert why in job["error"]["message"], job["error"]
    assert said in job["error"]["details"]["transcript"]
    assert "refused" not in [item["id"] for item in front.done("GET", f"/machines/{sampled}/plugins")["items"]]
    assert code not in str(front.done("GET", f"/jobs/{job['id']}"))


def test_what_a_file_prints_is_no_answer(front: Front, sampled: str) -> None:
    code = (
        "# -*- coding: latin-1 -*-\r\nfrom __future__ import annotations\r\nimport sys\r\n\r\n"
        "def read():\r\n    print('{\"value\": 7}', flush=True)\r\n"
        "    sys.__stdout__.write('8\\n')\r\n    return None\r\n"
    )
    job = added(front, sampled, "Nothing (yet)", code)

    assert job["state"] == "succeeded", job
    assert job["result"]["metric_id"] == "mist.python.nothing_yet"
    assert '{"value": 7}' in job["result"]["stdout"]
    assert points(front, sampled, "mist.python.nothing_yet") == []
    removed(front, sampled, "nothing_yet")


def test_a_counter_is_shown_as_a_rate(front: Front, sampled: str) -> None:
    code = "import time\ndef read():\n    return int(time.time() * 1000)\n"
    assert added(front, sampled, "Ticks", code, value_type="derive")["state"] == "succeeded"

    values = eventually(lambda: points(front, sampled, "mist.python.ticks"))

    assert 100 < values[-1] < 10_000
    removed(front, sampled, "ticks")


def test_a_file_that_fails_later_is_stopped_alone(front: Front, sampled: str) -> None:
    code = (
        "n = 0\ndef read():\n    global n\n    n += 1\n    if n > 4: raise OSError('the disk is gone')\n    return n\n"
    )
    assert added(front, sampled, "Later", code)["state"] == "succeeded"

    trouble = eventually(lambda: plugin(front, sampled, "later")["trouble"])

    assert "the disk is gone" in trouble
    (event,) = front.done("GET", "/events?kind=plugin.failed")["items"]
    assert (event["subject_id"], event["details"]["plugin_id"]) == (sampled, "later")
    before = len(points(front, sampled, "mist.python.random"))
    eventually(lambda: len(points(front, sampled, "mist.python.random")) > before)
    assert added(front, sampled, "Later", RANDOM)["state"] == "succeeded"
    assert plugin(front, sampled, "later")["trouble"] is None


def test_what_is_removed_runs_no_more(front: Front, sampled: str, door: Sshd) -> None:
    for item in front.done("GET", f"/machines/{sampled}/plugins")["items"]:
        removed(front, sampled, item["id"])
    assert front.refused("DELETE", f"/machines/{sampled}/plugins/random")[1] == "not_found"
    eventually(lambda: len(shells(door)) <= 1)
    shown = [item["id"] for item in front.done("GET", f"/machines/{sampled}/metrics")["items"] if item["shown"]]
    assert "mist.python.random" not in shown
    disabled(front, sampled)


def test_the_service_s_own_machine_measures_too(front: Front) -> None:
    items = front.done("GET", "/machines?limit=1000&refresh=true")["items"]
    here = next(item["id"] for item in items if item["provider"] == "localhost")
    enabled(front, here, interval_s=1)
    assert added(front, here, "Random", RANDOM)["state"] == "succeeded"
    eventually(lambda: points(front, here, "mist.python.random")[2:])
    disabled(front, here)


def test_a_machine_without_python_says_so(front: Front, container: str) -> None:
    enabled(front, container, interval_s=1)
    job = added(front, container, "Random", RANDOM)
    assert job["state"] == "failed"
    assert "has no python3" in job["error"]["message"]
    disabled(front, container)
    assert named(front, "measured") == container


def test_points_are_told_as_they_come(front: Front, host: str) -> None:
    enabled(front, host, agent=False, interval_s=1)

    def now() -> dict[str, Any]:
        (one,) = [item for item in front.done("GET", "/monitoring")["items"] if item["machine_id"] == host]
        return dict(one["metrics"])

    eventually(lambda: now()["load.shortterm"] is not None and now()["cpu.total.nonidle"] is not None)
    assert 0 <= now()["memory.nonfree_percent"] <= 100
    address = f"{front.service.uri}/api/v1/machines/{host}/stats/stream?metric=load.shortterm&metric=memory.free"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {front.token}"})
    seen: dict[str, list[int]] = {}
    with urllib.request.urlopen(request, timeout=30) as answer:
        while not seen or min(map(len, seen.values())) < 4:
            line = answer.readline().decode()
            if line.startswith("data: "):
                for metric, pairs in json.loads(line.removeprefix("data: ")).items():
                    seen.setdefault(metric, []).extend(second for _, second in pairs)
    assert set(seen) == {"load.shortterm", "memory.free"}
    for seconds in seen.values():
        assert seconds == sorted(set(seconds))
    disabled(front, host)
