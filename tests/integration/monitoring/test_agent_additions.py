"""What real collectd of a distribution is given besides what it always does: Python files, and plugins of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.monitoring.conftest import named, told
from tests.integration.monitoring.test_agentless import disabled, enabled, points
from tests.integration.monitoring.test_custom_metrics import RANDOM, added, plugin, removed
from tests.lab.waiting import eventually
from tests.support.front import Front

pytestmark = [pytest.mark.packages, pytest.mark.timeout(900)]

LATER = (
    "n = 0\ndef read():\n    global n\n    n += 1\n    if n > 4: raise OSError('the \"disk\" is gone')\n    return n\n"
)
HANGS = "n = 0\ndef read():\n    global n\n    n += 1\n    while n > 4: pass\n    return n\n"
TICKS = "import time\ndef read():\n    return int(time.time() * 1000)\n"


@pytest.fixture
def machine(front: Front, debian: Any) -> str:
    """With an agent, and a Python."""
    id = named(front, "debian")
    told(debian, "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 >/dev/null 2>&1")
    enabled(front, id, agent=True, interval_s=1)
    return id


def running(debian: Any, text: str) -> list[str]:
    """The processes that have this in their command line."""
    return told(debian, f"grep -lazs -e '[{text[0]}]{text[1:]}' /proc/[0-9]*/cmdline || true")


def test_files_are_run_by_collectd(front: Front, debian: Any, machine: str) -> None:
    had = told(debian, "dpkg-query -W -f '${Package}\\n'")
    job = added(front, machine, "Random", RANDOM, unit="things")

    assert job["state"] == "succeeded", job["error"]
    assert job["result"]["metric_id"] == "mist.python.random"
    values = eventually(lambda: (found := points(front, machine, "mist.python.random"))[2:] and found, 30)
    assert all(0 <= value < 1 for value in values)
    assert len(set(values)) > 1
    assert set(told(debian, "dpkg-query -W -f '${Package}\\n'")) - set(had) == {"libpython3.11"}
    assert told(debian, "stat -c %a /opt/mist-collectd/python/plugins.json") == ["600"]

    assert added(front, machine, "Ticks", TICKS, value_type="derive")["state"] == "succeeded"
    rates = eventually(lambda: points(front, machine, "mist.python.ticks"))
    assert 100 < rates[-1] < 10_000
    job = added(front, machine, "refused", "def read():\n    return True\n")
    assert "which is no number" in job["error"]["message"]

    # a file that fails is stopped alone, whatever it does
    for name, code, why in (("Later", LATER, 'the "disk" is gone'), ("Hangs", HANGS, "no answer within 5 s")):
        assert added(front, machine, name, code)["state"] == "succeeded"
        id = name.lower()
        assert why in eventually(lambda id=id: plugin(front, machine, id)["trouble"], 60)
    events = front.done("GET", "/events?kind=plugin.failed")["items"]
    assert {event["details"]["plugin_id"] for event in events if event["subject_id"] == machine} == {"later", "hangs"}
    before = len(points(front, machine, "mist.python.random"))
    eventually(lambda: len(points(front, machine, "mist.python.random")) > before)
    # with another text it is run again; and putting the agent there again keeps the files
    assert added(front, machine, "Later", RANDOM)["state"] == "succeeded"
    assert plugin(front, machine, "later")["trouble"] is None
    enabled(front, machine, agent=True, interval_s=1)
    before = len(points(front, machine, "mist.python.later"))
    eventually(lambda: len(points(front, machine, "mist.python.later")) > before)

    for id in ("random", "ticks", "later", "hangs"):
        removed(front, machine, id)
    assert told(debian, "ls /opt/mist-collectd") == ["collectd.conf", "data", "log", "packages", "pid"]
    assert "python" not in "".join(told(debian, "cat /opt/mist-collectd/collectd.conf"))
    eventually(lambda: not running(debian, "mist_plugin_"))
    disabled(front, machine)
    assert "libpython3.11" not in told(debian, "dpkg-query -W -f '${Package}\\n'")


def test_a_plugin_of_collectd_is_loaded_and_unloaded(front: Front, debian: Any) -> None:
    id = named(front, "debian")
    enabled(front, id, agent=True, interval_s=1)
    listed = {item["id"]: item for item in front.done("GET", f"/machines/{id}/metrics")["items"]}
    offered = {name for name, item in listed.items() if item["loadable"]}
    assert {"contextswitch", "tcpconns", "filecount"} <= offered
    assert not offered & {"cpu", "users", "python", "write_http", "csv", "exec"}
    assert listed["contextswitch"]["name"] == "Contextswitch (not loaded)"

    job = front.finished(front.done("PUT", f"/machines/{id}/metrics/contextswitch", {"name": "Switches"}))

    assert job["state"] == "succeeded", job["error"]
    assert job["result"]["metrics"] == ["contextswitch"]
    eventually(lambda: points(front, id, "contextswitch")[2:])
    listed = {item["id"]: item for item in front.done("GET", f"/machines/{id}/metrics")["items"]}
    assert (listed["contextswitch"]["name"], listed["contextswitch"]["shown"]) == ("Switches", True)
    assert not listed["contextswitch"]["loadable"]

    # putting the agent there again keeps it; what measures nothing is unloaded again
    enabled(front, id, agent=True, interval_s=1)
    before = len(points(front, id, "contextswitch"))
    job = front.finished(front.done("PUT", f"/machines/{id}/metrics/filecount", {}))
    assert job["state"] == "failed"
    assert "may need a configuration of its own" in job["error"]["message"]
    conf = "".join(told(debian, "cat /opt/mist-collectd/collectd.conf"))
    assert ("LoadPlugin contextswitch" in conf, "LoadPlugin filecount" in conf) == (True, False)
    eventually(lambda: len(points(front, id, "contextswitch")) > before)

    job = front.finished(front.done("DELETE", f"/machines/{id}/metrics/contextswitch"))
    assert job["state"] == "succeeded", job["error"]
    assert "contextswitch" not in "".join(told(debian, "cat /opt/mist-collectd/collectd.conf"))
    listed = {item["id"]: item for item in front.done("GET", f"/machines/{id}/metrics")["items"]}
    assert (listed["contextswitch"]["shown"], listed["contextswitch"]["loadable"]) == (False, True)
    disabled(front, id)
