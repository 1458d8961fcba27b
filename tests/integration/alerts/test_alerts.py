"""A load that is too high: something is done about it once, two receivers hear of it once, and of its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mistclient import MistClient
from mistclient.errors import NotFound
from mistserver.domain.ids import new_id
from tests.integration.alerts.conftest import Mist, counted, messages_waiting
from tests.lab.receivers import Mailbox, Webhook
from tests.lab.waiting import eventually
from tests.support.burning import loading
from tests.support.front import Front

SLOW_S = 120


@pytest.mark.full  # minutes; in the gate a rule made in the browser fires, is told and ends
@pytest.mark.timeout(600)
def test_a_load_is_told_and_acted_upon_once_whenever_the_service_is_killed(
    front: Front, machine: dict[str, Any], mist: Mist, hook: Webhook, box: Mailbox
) -> None:
    touched = Path(f"/tmp/mist-alert-{new_id()}")
    mist("add-channel", "--name", "hook", "--url", hook.url)
    mist("add-channel", "--name", "mail", "--url", box.url)
    mist("test-channel", "hook")
    mist("test-channel", "mail")
    assert hook.titles == box.subjects == ["[Mist] Test"]
    hook.stop()
    with loading() as load:
        load.measured(front, machine["id"])
        rule = mist(
            *("add-rule", "--machine", machine["id"], "--metric", load.metric, "--value", "0.5", "--window", "20s"),
            *("--rule-name", "busy", "--command", f"touch {touched}; echo ran >> {touched}; echo done"),
        )
        assert (rule["action"], rule["operator"], rule["value"]) == ("command", "gt", 0.5)
        try:
            load.begin()
            (alert,) = eventually(lambda: _firing(mist), SLOW_S)
            eventually(touched.exists, SLOW_S)
            job = eventually(lambda: mist("describe-job", _one(mist, alert)["job_id"] or "none"), SLOW_S)
            assert (job["kind"], job["created_by"]) == ("run", rule["created_by"])
            eventually(lambda: len(box.letters) == 2, SLOW_S)
            assert box.subjects[1].startswith(f"[Mist] ALERT: {load.metric} > 0.5 on")
            assert counted(front.service, "mist_alerts")["firing"] == 1
            assert counted(front.service, "mist_machines_monitored") == {"agentless": 1}
            assert [each["monitoring"]["silent"] for each in mist("list-machines")] == [False]
            assert mist("describe-machine", machine["id"])["monitoring"]["way"] == "agentless"
            eventually(lambda: counted(front.service, "mist_alert_channels") == {"error": 1, "online": 1}, SLOW_S)

            _killed(front, waiting=1)
            (again,) = eventually(lambda: _firing(mist), SLOW_S)
            assert (again["id"], again["fired_at"]) == (alert["id"], alert["fired_at"])
            load.end()
            eventually(lambda: not _firing(mist), SLOW_S)
            eventually(lambda: len(box.letters) == 3, SLOW_S)
            assert hook.titles == ["[Mist] Test"]

            _killed(front, waiting=2)
            hook.start()
            eventually(lambda: messages_waiting(front.service) == 0, SLOW_S)

            assert hook.titles == box.subjects
            assert hook.titles[2].startswith(f"[Mist] OK: {load.metric} > 0.5 on")
            assert touched.read_text() == "ran\n"
            assert _output(front, alert, mist) == "done\n"
            resolved = mist("list-alerts", "--state", "resolved", "--rule", "busy")
            assert [each["id"] for each in resolved] == [alert["id"]]
        finally:
            touched.unlink(missing_ok=True)


def test_what_the_command_line_says_of_rules_silences_and_channels(
    front: Front, machine: dict[str, Any], mist: Mist, hook: Webhook
) -> None:
    channel = mist("add-channel", "--name", "ops", "--url", hook.url)
    about = ("--tag", "web", "--metric", "memory.nonfree_percent", "--value", "90", "--for", "5m")
    rule = mist("add-rule", *about, "--channel", "ops", "--aggregate", "avg")
    assert (rule["channels"], rule["for_s"], rule["tag"]) == ([channel["id"]], 300, "web")
    assert channel["kind"] == "json"
    assert "127.0.0.1" not in str(mist("list-channels"))

    changed = mist("update-rule", rule["id"], "--value", "95", "--new-name", "full", "--disable")
    assert (changed["value"], changed["name"], changed["enabled"], changed["for_s"]) == (95.0, "full", False, 300)
    assert [each["name"] for each in mist("list-rules") if each["tag"]] == ["full"]
    silence = mist("silence", "--rule", "full", "--machine", machine["id"], "--for", "2h", "--reason", "new disks")
    assert mist("list-silences") == [silence]
    mist("end-silence", silence["id"])
    assert mist("list-silences") == []

    status, code, message = front.refused("DELETE", f"/channels/{channel['id']}")
    assert (status, code) == (409, "conflict")
    assert "'full'" in message
    mist("delete-rule", "full", "--yes")
    mist("delete-channel", "ops", "--yes")
    assert [each["name"] for each in mist("list-channels") if each["name"] == "ops"] == []


def test_a_receiver_that_refuses_is_named_with_its_reason(front: Front, hook: Webhook) -> None:
    hook.status = 500
    channel = front.done("POST", "/channels", {"name": "sour", "url": hook.url})

    status, code, message = front.refused("POST", f"/channels/{channel['id']}/test")

    assert (status, code) == (502, "receiver_error")
    assert "did not take the message" in message
    front.done("DELETE", f"/channels/{channel['id']}")


def test_python_has_the_rules_of_a_machine(front: Front, machine: dict[str, Any]) -> None:
    client = MistClient(front.service.uri, api_token=front.token)
    found = client.machine(machine["id"])

    rule = found.add_rule("users", "gt", 10, for_s=60)

    assert rule in found.rules()
    assert rule in client.rules()
    assert client.rule(rule["id"])["for_s"] == 60
    assert client.update_rule(rule["id"], enabled=False)["enabled"] is False
    silence = found.silence(60.0, "a test")
    assert client.silences() == [silence]
    client.end_silence(silence["id"])
    client.delete_rule(rule["id"])
    assert [each for each in found.rules() if each["metric"] == "users"] == []
    assert found.alerts("all") == client.alerts("all", machine=found)
    with pytest.raises(NotFound):
        client.rule(rule["id"])
    with pytest.raises(NotFound):
        client.alert("none")
    client.close()


def _killed(front: Front, waiting: int) -> None:
    """As by a crash, and there again. What was taken has to be noted as such: so many messages are left."""
    eventually(lambda: messages_waiting(front.service) == waiting, SLOW_S)
    front.service.kill()
    front.service.start()


def _firing(mist: Mist) -> list[dict[str, Any]]:
    return [alert for alert in mist("list-alerts", "--state", "firing") if alert["rule_name"] == "busy"]


def _one(mist: Mist, alert: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = eventually(
        lambda: next(
            (each for each in mist("list-alerts", "--state", "all") if each["id"] == alert["id"] and each["job_id"]), {}
        ),
        SLOW_S,
    )
    return found


def _output(front: Front, alert: dict[str, Any], mist: Mist) -> str:
    (item,) = front.done("GET", f"/jobs/{_one(mist, alert)['job_id']}/items?output=true")["items"]
    return str(item["stdout"])
