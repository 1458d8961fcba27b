"""What is changed of a machine, in check mode too, and when waiting is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.mist.mist.plugins.module_utils._base import Task, failure
from ansible_collections.mist.mist.plugins.module_utils._changes import bring
from mistclient import MistClient
from mistclient.errors import Conflict, NotFound, WaitTimeout
from mistclient.model import Machine
from tests.support import rest_records as records
from tests.support.rest_stub import TOKEN, RestStub

NOTHING = {
    "state": "present", "wait": False, "wait_time": 1, "key": None, "tags": None, "monitoring": False,
    "wait_for_stats": False, "metric": None, "python_file": None, "unit": None, "value_type": "gauge",
}  # fmt: skip


def task(check_mode: bool = False, **params: Any) -> Task:
    module = SimpleNamespace(params={**NOTHING, **params}, check_mode=check_mode)
    return Task(module, MistClient(api_token=TOKEN))


def machine(on: Task, name: str = "web", state: str = "running") -> Machine:
    return Machine(on.client, records.machine(name, "m1", state))


def test_what_is_so_already_is_left_alone(service: RestStub) -> None:
    for state in ("present", "running"):
        asked = task(state=state)
        bring(asked, machine(asked), new=False)

        assert asked.result() == {"changed": False, "diff": {"before": {}, "after": {}}}
    assert service.calls() == []


@pytest.mark.parametrize(
    ("wanted", "is_now", "changes"),
    [("running", "stopped", True), ("stopped", "running", True), ("stopped", "stopped", False),
     ("restarted", "running", True)],
)  # fmt: skip
def test_in_check_mode_nothing_is_done(service: RestStub, wanted: str, is_now: str, changes: bool) -> None:
    asked = task(check_mode=True, state=wanted)

    bring(asked, machine(asked, state=is_now), new=False)

    assert asked.changed is changes
    assert service.calls("POST", "PUT") == []
    if changes:
        assert asked.result()["diff"] == {"before": {"state": is_now}, "after": {"state": wanted}}


def test_only_missing_tags_are_given(service: RestStub) -> None:
    asked = task(tags=["old", "new"])
    there = machine(asked)
    there.record["tags"] = ["old"]

    bring(asked, there, new=False)

    assert asked.after == {"tags": ["old", "new"]}
    assert [path for method, path in service.calls("PUT")] == ["/machines/m1/tags/new"]


def test_a_wait_that_is_over_says_for_what(service: RestStub) -> None:
    asked = task(wait_for_stats=True, wait_time=1)

    with pytest.raises(WaitTimeout, match="web: no metrics came within 1 s; give more with wait_time"):
        bring(asked, machine(asked), new=False)


def refused(state: str) -> tuple[int, dict[str, Any]]:
    return 409, {"error": {"code": "conflict", "message": f"web is {state}.", "details": {}, "request_id": "r"}}


def test_a_machine_on_its_way_is_waited_for_and_a_stopped_one_is_not(service: RestStub) -> None:
    for state, expected in (("pending", WaitTimeout), ("stopped", Conflict)):
        service.machines = [records.machine("web", "m1", state)]
        service.scripted["POST", "/machines/m1/probe"] = [refused(state)]
        asked = task(wait=True, wait_time=1)

        with pytest.raises(expected):
            bring(asked, machine(asked, state=state), new=False)


def test_an_error_has_the_form_of_the_rest_api() -> None:
    error = NotFound("There is none.", details={"noun": "key"})
    error.request_id = "r1"

    assert failure(error) == {
        "msg": "There is none.",
        "error": {"code": "not_found", "message": "There is none.", "details": {"noun": "key"}, "request_id": "r1"},
    }
