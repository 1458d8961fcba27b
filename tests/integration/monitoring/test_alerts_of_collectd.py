"""A load that real collectd measures: each time it is too high something is done about it once, and told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.monitoring.conftest import named, told
from tests.integration.monitoring.test_agentless import disabled, enabled
from tests.lab.receivers import Webhook, webhook
from tests.lab.waiting import eventually
from tests.support.burning import WANTING
from tests.support.front import Front

pytestmark = [pytest.mark.packages, pytest.mark.timeout(1200)]

SLOW_S = 240
METRIC = "mist.python.burning"
BURN = "for n in 1 2 3; do nice -n 19 sh -c ': burning; while :; do :; done' & echo $! >> /tmp/burning; done"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def firing(front: Front) -> list[dict[str, Any]]:
    return [each for each in front.done("GET", "/alerts?state=firing")["items"] if METRIC in each["condition"]]


def measured(front: Front, machine: str, container: Any) -> None:
    """By collectd itself: what its own plugins say of processes and processors is about the whole host here."""
    told(container, "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 >/dev/null 2>&1")
    assert enabled(front, machine, agent=True, interval_s=1)["way"] == "agent"
    plugin = {"name": "burning", "code": WANTING.replace("MARK", ": burning;")}
    job = front.finished(front.done("POST", f"/machines/{machine}/plugins", plugin))
    assert job["state"] == "succeeded", job["error"]


def test_each_incident_is_told_and_acted_upon_once(front: Front, debian: Any, hook: Webhook) -> None:
    machine = named(front, "debian")
    measured(front, machine, debian)
    front.done("POST", "/channels", {"name": "hook", "url": hook.url})
    about = {"machine_id": machine, "metric": METRIC, "value": 2.5, "window_s": 20}
    front.done("POST", "/rules", {**about, "action": "command", "command": "date >> /tmp/acted"})
    try:
        for incident in (1, 2):
            debian.exec_run(["sh", "-c", f"{BURN}; wait"], detach=True)
            eventually(lambda: firing(front), SLOW_S)
            eventually(lambda times=2 * incident - 1: len(hook.posts) == times, SLOW_S)  # type: ignore[misc]
            eventually(lambda times=incident: len(acted(debian)) == times, SLOW_S)  # type: ignore[misc]
            told(debian, "kill $(cat /tmp/burning); rm /tmp/burning")
            eventually(lambda: not firing(front), SLOW_S)
            eventually(lambda times=2 * incident: len(hook.posts) == times, SLOW_S)  # type: ignore[misc]
            assert len(acted(debian)) == incident
    finally:
        disabled(front, machine)

    assert [title.split()[1] for title in hook.titles] == ["ALERT:", "OK:", "ALERT:", "OK:"]


def acted(container: Any) -> list[str]:
    return told(container, "cat /tmp/acted 2>/dev/null; true")
