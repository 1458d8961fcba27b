"""How incidents begin, go on and end, with a clock that stands until it is set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mistserver.domain.account import Actor
from mistserver.domain.rule import RuleAction
from mistserver.services.alerts import silence
from mistserver.services.alerts.silence import AddSilence
from mistserver.services.rules import delete, update
from mistserver.services.rules.update import UpdateRule
from mistserver.store import channels
from tests.support.watching import Watch


async def quiet(watch: Watch, **values: float) -> None:
    """A minute and a half in which nothing is beyond anything."""
    for _ in range(9):
        await watch.turn(**values)


async def test_it_fires_is_told_once_and_is_over(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    rule = await watch.rule(machine_id=watch.machines["db"], aggregate="any")

    await quiet(watch, db=1.0)
    assert watch.alerts() == []

    await watch.turn(db=7.0)
    (alert,) = watch.alerts()
    assert (alert.state, alert.value, alert.rule_id, alert.machine_name) == ("firing", 7.0, rule.id, "db")
    assert watch.kinds(ops) == ["firing"]

    for _ in range(12):
        await watch.turn(db=1.0)
    (alert,) = watch.alerts()
    assert (alert.state, alert.value) == ("resolved", 1.0)
    assert watch.kinds(ops) == ["firing", "resolved"]
    assert [event.kind for event in watch.small.events() if event.kind.startswith("alert.")] == [
        "alert.resolved",
        "alert.fired",
    ]


async def test_it_is_pending_for_as_long_as_the_rule_says(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], aggregate="any", for_s=60)

    await watch.turn(db=7.0)
    assert (watch.states(), watch.kinds(ops)) == (["pending"], [])
    for _ in range(5):
        await watch.turn(db=7.0)
    assert watch.states() == ["pending"]
    await watch.turn(db=7.0)
    assert (watch.states(), watch.kinds(ops)) == (["firing"], ["firing"])


async def test_what_was_only_pending_leaves_nothing(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], aggregate="any", for_s=600, window_s=20)

    await watch.turn(db=7.0)
    assert watch.states() == ["pending"]
    for _ in range(3):
        await watch.turn(db=1.0)
    assert (watch.alerts(), watch.kinds(ops)) == ([], [])


async def test_reminders_come_after_ten_minutes_an_hour_and_a_day(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)
    watch.small.write(_sent, watch)

    told = []
    for seconds in (590, 10, 2990, 10, 82790, 10, 86400):
        await watch.turn(seconds, db=7.0)
        told.append(len(watch.kinds(ops)))
        watch.small.write(_sent, watch)

    assert told == [0, 1, 0, 1, 0, 1, 0]
    assert watch.alerts()[0].told == 4


async def test_a_reminder_is_left_out_while_the_first_message_waits(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)

    await watch.turn(600, db=7.0)
    await watch.turn(3600, db=7.0)

    assert watch.kinds(ops) == ["firing"]


async def test_with_an_offset_nobody_hears_of_what_is_soon_over(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], window_s=20, reminder_offset_s=120)

    await watch.turn(db=7.0)
    await watch.turn(db=1.0)
    assert (watch.states(), watch.kinds(ops)) == (["resolved"], [])

    await watch.turn(30, db=7.0)
    await watch.turn(120, db=7.0)
    assert (watch.states(), watch.kinds(ops)) == (["resolved", "firing"], ["firing"])


async def test_a_restart_changes_nothing(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], window_s=20, for_s=20)
    await watch.turn(db=7.0)
    before = watch.alerts()

    watch.restart()
    await watch.turn(db=7.0)
    assert [(a.id, a.since, a.state) for a in watch.alerts()] == [(a.id, a.since, "pending") for a in before]
    watch.restart()
    await watch.turn(db=7.0)
    assert watch.states() == ["firing"]
    watch.restart()
    await watch.turn(db=1.0)
    assert (watch.states(), watch.kinds(ops)) == (["resolved"], ["firing", "resolved"])


async def test_silence_of_a_machine_is_no_data(watch: Watch) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"], metric="nodata", value=None)
    await quiet(watch, db=1.0)
    await watch.turn(db=1.0)

    for _ in range(8):
        await watch.turn()
    assert watch.alerts() == []
    await watch.turn()
    await watch.turn()
    (alert,) = watch.alerts()
    assert (alert.state, alert.condition) == ("firing", "no data")
    await watch.turn(db=1.0)
    assert watch.states() == ["resolved"]


async def test_the_service_s_own_silence_is_nobody_s(watch: Watch) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"], metric="nodata", value=None)
    await quiet(watch, db=1.0)

    watch.ctx.clock.forward(3600)
    watch.restart()
    for _ in range(8):
        await watch.turn()
    assert watch.alerts() == []
    await watch.turn()
    await watch.turn()
    assert watch.states() == ["firing"]


async def test_a_machine_that_never_sent_anything_is_not_judged(watch: Watch) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"], metric="nodata", value=None)

    for _ in range(20):
        await watch.turn()

    assert watch.alerts() == []


async def test_a_machine_is_judged_thirty_seconds_after_its_first_data(watch: Watch) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"], window_s=20)
    await watch.turn()

    for _ in range(3):
        await watch.turn(db=7.0)
    assert watch.alerts() == []
    await watch.turn(db=7.0)
    assert watch.states() == ["firing"]


async def test_a_rule_of_a_tag_is_about_every_machine_that_has_it(watch: Watch) -> None:
    for name in ("web1", "web2"):
        watch.machine(name, "web")
    watch.machine("db", "sql")
    await watch.rule(tag="web")

    await watch.turn(web1=7.0, web2=7.0, db=7.0)

    assert sorted(alert.machine_name for alert in watch.alerts()) == ["web1", "web2"]


async def test_a_changed_rule_begins_anew(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    rule = await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)
    watch.ctx.clock.forward(1)
    await update.update(watch.ctx, watch.small.actor, rule.id, UpdateRule(value=6.0))

    await watch.turn(1, db=7.0)
    assert (watch.states(), watch.kinds(ops)) == (["resolved"], ["firing", "resolved"])
    await watch.turn(20, db=7.0)
    assert watch.states() == ["resolved"]
    await watch.turn(10, db=7.0)
    assert watch.states() == ["resolved", "firing"]


async def test_a_rule_that_is_switched_off_ends_what_it_found(watch: Watch) -> None:
    watch.machine("db")
    rule = await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)
    await update.update(watch.ctx, watch.small.actor, rule.id, UpdateRule(enabled=False))

    await watch.turn(db=7.0)

    assert watch.states() == ["resolved"]
    await delete.delete(watch.ctx, watch.small.actor, rule.id)
    assert watch.alerts() == []


async def test_a_silence_holds_messages_and_actions_back_until_its_end(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    machine = watch.machines["db"]
    await watch.rule(machine_id=machine, action=RuleAction.COMMAND, command="true")
    await silence.add(watch.ctx, watch.small.actor, AddSilence(duration_s=60, machine_id=machine))

    await watch.turn(db=7.0)
    assert (watch.states(), watch.kinds(ops), _due(watch)) == (["firing"], [], 0)
    await watch.turn(60, db=7.0)
    assert (watch.kinds(ops), _due(watch)) == (["firing"], 1)


async def test_what_was_told_before_a_silence_is_told_to_be_over(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], window_s=20)
    await watch.turn(db=7.0)
    await silence.add(watch.ctx, watch.small.actor, AddSilence(duration_s=600))

    await watch.turn(db=1.0)

    assert watch.kinds(ops) == ["firing", "resolved"]


async def test_a_silence_of_another_machine_silences_nothing(watch: Watch) -> None:
    watch.machine("db")
    watch.machine("web")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"])
    await silence.add(watch.ctx, watch.small.actor, AddSilence(duration_s=600, machine_id=watch.machines["web"]))

    await watch.turn(db=7.0)

    assert watch.kinds(ops) == ["firing"]


async def test_only_the_channels_of_a_rule_are_told(watch: Watch) -> None:
    watch.machine("db")
    ops, other = watch.channel("ops"), watch.channel("other")
    await watch.rule(machine_id=watch.machines["db"], channels=("other",), window_s=20)

    await watch.turn(db=7.0)
    watch.small.write(channels.delete, ops)
    await watch.turn(db=1.0)

    assert watch.kinds(other) == ["firing", "resolved"]
    assert watch.kinds(ops) == []


async def test_an_action_is_due_once_an_incident(watch: Watch) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"], window_s=20, action=RuleAction.COMMAND, command="true")

    for _ in range(4):
        await watch.turn(db=7.0)
    assert _due(watch) == 1
    await watch.turn(db=1.0)
    await watch.turn(db=7.0)
    await watch.turn(20, db=7.0)
    assert _due(watch) == 2


@pytest.mark.parametrize("gone", ["monitoring", "machine"])
async def test_what_is_gone_has_no_incident_any_more(watch: Watch, gone: str) -> None:
    from mistserver.store import inventory, monitoring

    watch.machine("db", "web")
    ops = watch.channel()
    await watch.rule(tag="web")
    await watch.turn(db=7.0)
    if gone == "monitoring":
        watch.small.write(monitoring.remove, watch.machines["db"])
    else:
        watch.small.write(inventory.hide, watch.account, watch.machines["db"], watch.ctx.now())

    await watch.turn()

    assert (watch.states(), watch.kinds(ops)) == (["resolved"], ["firing", "resolved"])


async def test_accounts_are_apart(watch: Watch) -> None:
    watch.machine("db", "web")
    stranger = watch.small.as_stranger()
    await _rule_of(watch, stranger)

    await watch.turn(db=7.0)

    assert watch.alerts() == []


async def _rule_of(watch: Watch, actor: Actor) -> None:
    from mistserver.services.rules import add
    from mistserver.services.rules.add import AddRule

    now = watch.ctx.clock.now
    watch.ctx.clock.now = now - timedelta(minutes=5)
    await add.add(watch.ctx, actor, AddRule(metric="load.shortterm", value=5.0, tag="web"))
    watch.ctx.clock.now = now


def _due(watch: Watch) -> int:
    from mistserver.store import alerts

    return len(watch.small.read(alerts.to_act, 100))


def _sent(connection: object, watch: Watch) -> None:
    import sqlalchemy as sa

    from mistserver.store.tables import messages

    assert isinstance(connection, sa.Connection)
    connection.execute(sa.delete(messages))
