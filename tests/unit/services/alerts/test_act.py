"""What rules do on machines."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.account import Role
from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.job import JobState
from mistserver.domain.machine import Action, MachineState
from mistserver.domain.rule import RuleAction
from mistserver.services.alerts import act
from mistserver.services.rules import add, update
from mistserver.services.rules.add import AddRule
from mistserver.services.rules.update import UpdateRule
from mistserver.store import rules, users
from tests.support import dummy_provider
from tests.support.dummy_provider import GOOD_TOKEN, cloud
from tests.support.watching import START, Watch


def cloudy(watch: Watch, monkeypatch: pytest.MonkeyPatch, state: MachineState, action: Action) -> None:
    """The machine `db` at a provider that can do that with it."""
    dummy_provider.register(monkeypatch)
    settings = {"settings": {"account": "main"}, "secret": {"token": GOOD_TOKEN}}
    backend = watch.small.add_backend("dummy", **settings)
    shown = cloud().add("db", state=state, actions=(action,))
    watch.machine("db", backend=backend, external_id=shown.external_id, state=state, actions=(action,))


async def fired(watch: Watch, **given: Any) -> None:
    await watch.rule(machine_id=watch.machine("db"), **given)
    await watch.turn(db=7.0)


async def test_a_command_is_one_job_whatever_happens_to_the_service(acting: Watch) -> None:
    await fired(acting, action=RuleAction.COMMAND, command="touch /tmp/x", sudo=True)
    due = acting.small.read(_due)

    await act.turn(acting.ctx)
    acting.small.write(_due_again)
    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert alert.job_id is not None
    job = acting.small.job(alert.job_id)
    assert (job.kind, job.params["command"], job.params["sudo"]) == ("run", "touch /tmp/x", True)
    assert len(due) == 1
    assert len(acting.small.events("run.requested")) == 1


async def test_a_script_is_kept_sealed_and_run(acting: Watch) -> None:
    await fired(acting, action=RuleAction.SCRIPT, script="#!/bin/sh\necho s3cret\n")
    (rule,) = acting.small.read(rules.all_of, acting.account)
    assert b"s3cret" not in acting.small.read(rules.script, rule.id)

    sealed = acting.small.read(rules.script, rule.id)
    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert sealed is not None
    assert alert.job_id is not None
    assert acting.small.job(alert.job_id).title == "run script"


@pytest.mark.parametrize("change", ["gone", "viewer"])
async def test_who_may_no_longer_act_has_nothing_done(acting: Watch, change: str) -> None:
    await fired(acting, action=RuleAction.COMMAND, command="true")
    user = acting.small.read(users.get, acting.account, acting.small.actor.user_id)
    if change == "gone":
        acting.small.write(users.delete, user.id)
    else:
        from msgspec.structs import replace

        acting.small.write(users.update, replace(user, role=Role.VIEWER))

    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert alert.job_id is None
    assert alert.trouble is not None
    (event,) = acting.small.events("alert.acted")
    assert event.outcome == "failed"


async def test_what_a_provider_cannot_do_is_said(acting: Watch) -> None:
    await fired(acting, action=RuleAction.DESTROY, allow_destroy=True)

    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert alert.job_id is None
    assert alert.trouble is not None
    assert "cannot destroy" in alert.trouble


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (RuleAction.REBOOT, MachineState.RUNNING),
        (RuleAction.START, MachineState.STOPPED),
        (RuleAction.DESTROY, MachineState.RUNNING),
    ],
)
async def test_a_machine_is_rebooted_started_or_destroyed_once(
    acting: Watch, monkeypatch: pytest.MonkeyPatch, action: RuleAction, state: MachineState
) -> None:
    cloudy(acting, monkeypatch, state, Action(action.value))
    destroys = action == RuleAction.DESTROY
    await acting.rule(machine_id=acting.machines["db"], action=action, allow_destroy=destroys)

    await acting.turn(db=7.0)
    for _ in range(3):
        await act.turn(acting.ctx)
        await acting.turn(db=7.0)

    (alert,) = acting.alerts()
    assert alert.job_id is not None
    assert (await acting.small.ended(alert.job_id)).state == JobState.SUCCEEDED
    assert [asked for asked in cloud().asked if asked.startswith(action.value)] == [f"{action} m-0"]
    (event,) = acting.small.events("alert.acted")
    assert (event.outcome, event.job_id) == ("succeeded", alert.job_id)


async def test_a_machine_that_is_silent_can_be_started(acting: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    cloudy(acting, monkeypatch, MachineState.STOPPED, Action.START)
    await acting.send("db", 1.0)
    await acting.rule(machine_id=acting.machines["db"], metric="nodata", value=None, action=RuleAction.START)

    for _ in range(12):
        await acting.turn()
    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert alert.job_id is not None
    assert (await acting.small.ended(alert.job_id)).state == JobState.SUCCEEDED
    assert "start m-0" in cloud().asked


async def test_nothing_is_destroyed_without_the_word_for_it(acting: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    from msgspec.structs import replace

    cloudy(acting, monkeypatch, MachineState.RUNNING, Action.DESTROY)
    rule = await acting.rule(machine_id=acting.machines["db"], action=RuleAction.DESTROY, allow_destroy=True)
    acting.small.write(rules.update, replace(rule, allow_destroy=False), None)

    await acting.turn(db=7.0)
    await act.turn(acting.ctx)

    (alert,) = acting.alerts()
    assert alert.job_id is None
    assert "not allowed to destroy" in str(alert.trouble)
    assert cloud().machines


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"action": "destroy"}, "allow_destroy"),
        ({"action": "command"}, "command"),
        ({"action": "script"}, "script"),
        ({"command": "true"}, "command"),
        ({"value": None}, "value"),
        ({"value": float("inf")}, "value"),
        ({"window_s": 5}, "window_s"),
        ({"for_s": -1}, "for_s"),
        ({"metric": ""}, "metric"),
        ({"metric": "a\nb"}, "metric"),
        ({"tag": "web"}, "machine_id"),
        ({"machine_id": None}, "machine_id"),
        ({"name": "a\x07"}, "name"),
        ({"action": "command", "command": "a\0"}, "command"),
    ],
)
async def test_what_cannot_be_meant_is_refused(watch: Watch, given: dict[str, Any], field: str) -> None:
    asked: dict[str, Any] = {"metric": "load", "value": 1.0, "machine_id": watch.machine("db")} | given
    if "action" in asked:
        asked["action"] = RuleAction(asked["action"])

    with pytest.raises(InvalidInput) as caught:
        await add.add(watch.ctx, watch.small.actor, AddRule(**asked))

    assert caught.value.facts["field"] == field
    assert watch.small.read(rules.all_of, watch.account) == []


async def test_a_rule_keeps_its_script_when_something_else_changes(watch: Watch) -> None:
    rule = await add.add(
        watch.ctx,
        watch.small.actor,
        AddRule(metric="load", value=1.0, machine_id=watch.machine("db"), action=RuleAction.SCRIPT, script="true"),
    )

    await update.update(watch.ctx, watch.small.actor, rule.id, UpdateRule(value=2.0))
    assert watch.small.read(rules.script, rule.id) is not None
    await update.update(watch.ctx, watch.small.actor, rule.id, UpdateRule(action=RuleAction.NOTIFY))
    assert watch.small.read(rules.script, rule.id) is None


async def test_the_machine_and_the_channels_have_to_be_there(watch: Watch) -> None:
    machine = watch.machine("db")
    with pytest.raises(NotFound, match="machine"):
        await add.add(watch.ctx, watch.small.actor, AddRule(metric="load", value=1.0, machine_id="nothing"))
    asked = AddRule(metric="load", value=1.0, machine_id=machine, channels=("nothing",))
    with pytest.raises(NotFound, match="channel"):
        await add.add(watch.ctx, watch.small.actor, asked)


async def test_a_monitored_machine_has_one_rule_for_silence(watch: Watch) -> None:
    machine = watch.machine("db")
    for interval_s in (10, 10, 600):
        watch.small.write(add.add_nodata, watch.small.actor, machine, interval_s, START)

    (rule,) = watch.small.read(rules.all_of, watch.account)

    assert (rule.metric, rule.condition, rule.window_s) == ("nodata", "no data", 90)


def _due(connection: Any) -> Any:
    from mistserver.store import alerts

    return alerts.to_act(connection, 10)


def _due_again(connection: Any) -> None:
    import sqlalchemy as sa

    from mistserver.store.tables import alerts

    connection.execute(sa.update(alerts).values(act=True))
