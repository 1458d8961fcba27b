"""What two services that do the same for a moment make of it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mistserver.domain.rule import RuleAction
from mistserver.services.alerts.evaluate import LOOP, Evaluation
from mistserver.store import alerts, services
from tests.support.quiet_service import Loops
from tests.support.watching import Watch


async def test_what_a_service_judged_that_was_held_up_is_dropped(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"])
    loops = cast(Loops, watch.ctx.jobs)

    loops.elsewhere.add(LOOP)
    await watch.turn(db=7.0)
    assert (watch.alerts(), watch.kinds(ops)) == ([], [])

    loops.elsewhere.clear()
    await watch.turn(db=7.0)
    assert (watch.states(), watch.kinds(ops)) == (["firing"], ["firing"])


async def test_a_service_that_takes_over_goes_on_with_what_it_finds(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel()
    await watch.rule(machine_id=watch.machines["db"], window_s=20)
    other = Evaluation(watch.ctx)

    await watch.turn(db=7.0)
    await other.turn()
    assert (watch.states(), watch.kinds(ops)) == (["firing"], ["firing"])
    watch.evaluation = other
    await watch.turn(db=1.0)
    assert (watch.states(), watch.kinds(ops)) == (["resolved"], ["firing", "resolved"])


async def test_an_action_that_is_done_meanwhile_is_not_due_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.machine("db")
    ops = watch.channel()
    rule = {"window_s": 20, "action": RuleAction.COMMAND, "command": "true"}
    await watch.rule(machine_id=watch.machines["db"], **rule)
    await watch.turn(db=7.0)
    (alert,) = watch.alerts()
    judge = watch.evaluation._judge.judge

    async def judged_while_it_is_done(*args: Any) -> Any:
        assert watch.small.write(alerts.acted, alert.id, "job", None)
        return await judge(*args)

    monkeypatch.setattr(watch.evaluation._judge, "judge", judged_while_it_is_done)
    await watch.turn(db=1.0)

    (alert,) = watch.alerts()
    assert (alert.state, alert.job_id, watch.kinds(ops)) == ("resolved", "job", ["firing", "resolved"])
    assert watch.small.read(alerts.to_act, 10) == []
    assert not watch.small.write(alerts.acted, alert.id, None, "another service was faster")
    assert watch.alerts() == [alert]


async def test_services_that_keep_metrics_apart_are_warned_of_once(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.machine("db")
    await watch.rule(machine_id=watch.machines["db"])
    watch.small.write(services.register, "one")
    await watch.turn(db=1.0)
    assert "--metrics-url" not in caplog.text

    watch.small.write(services.register, "two")
    for _ in range(2):
        await watch.turn(db=1.0)

    assert caplog.text.count("--metrics-url") == (0 if watch.ctx.database.is_sqlite else 1)
