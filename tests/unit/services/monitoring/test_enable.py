"""Asking for a machine to be monitored, and for that to end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mistserver.domain.account import Scope
from mistserver.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from mistserver.domain.monitoring import Monitoring
from mistserver.services.monitoring import disable, enable
from mistserver.services.monitoring.disable import DisableMonitoring
from mistserver.services.monitoring.enable import ByHand, EnableMonitoring
from mistserver.store import monitoring, rules
from tests.support.watching import START, Watch

BY_HAND = EnableMonitoring(by_hand=True)


def unmonitored(watch: Watch) -> str:
    machine = watch.machine("db")
    watch.small.write(monitoring.remove, machine)
    return machine


async def test_by_hand_the_commands_hold_a_password_that_is_kept_as_its_hash(watch: Watch) -> None:
    machine = unmonitored(watch)

    first = await enable.submit(watch.ctx, watch.small.actor, machine, BY_HAND)
    kept = watch.small.read(monitoring.secret_hash, machine)
    second = await enable.submit(watch.ctx, watch.small.actor, machine, BY_HAND)

    assert isinstance(first, ByHand)
    assert isinstance(second, ByHand)
    assert first.commands != second.commands
    assert kept not in first.commands
    assert watch.small.read(monitoring.secret_hash, machine) != kept
    (event, _) = watch.small.events("monitoring.enabled")
    assert "mist_" not in str(event.details)


async def test_it_comes_with_one_rule_for_silence_which_goes_with_it(watch: Watch) -> None:
    machine = unmonitored(watch)
    for interval_s in (60, 10):
        await enable.submit(
            watch.ctx, watch.small.actor, machine, EnableMonitoring(by_hand=True, interval_s=interval_s)
        )

    (rule,) = watch.small.read(rules.all_of, watch.account)
    assert (rule.metric, rule.window_s, rule.machine_id) == ("nodata", 180, machine)
    watch.small.write(rules.delete_of_machine, machine)
    assert watch.small.read(rules.all_of, watch.account) == []


@pytest.mark.parametrize("interval_s", [0, -1, 3601, 10**9])
async def test_an_interval_that_cannot_be_is_refused(watch: Watch, interval_s: int) -> None:
    machine = unmonitored(watch)
    with pytest.raises(InvalidInput) as caught:
        await enable.submit(watch.ctx, watch.small.actor, machine, EnableMonitoring(interval_s=interval_s))
    assert caught.value.facts["field"] == "interval_s"
    assert watch.small.read(monitoring.get, watch.account, machine) is None


async def test_only_who_operates_the_machine_may_ask(watch: Watch) -> None:
    machine = unmonitored(watch)
    viewer = replace(watch.small.actor, scope=Scope.READ)
    with pytest.raises(Forbidden):
        await enable.submit(watch.ctx, viewer, machine, BY_HAND)
    with pytest.raises(Forbidden):
        await disable.submit(watch.ctx, viewer, machine, DisableMonitoring())
    for id in (machine, "nothing", "a\0b"):
        with pytest.raises(NotFound):
            await enable.submit(watch.ctx, watch.small.as_stranger(), id, BY_HAND)
    assert watch.small.read(monitoring.get, watch.account, machine) is None


async def test_an_agent_is_taken_away_before_a_machine_is_sampled(watch: Watch) -> None:
    machine = unmonitored(watch)
    record = Monitoring(machine_id=machine, way="agent", enabled_at=START)
    watch.small.write(monitoring.put, watch.account, record, "0" * 64)

    with pytest.raises(Conflict, match="'db' has an agent; take it away first"):
        await enable.submit(watch.ctx, watch.small.actor, machine, EnableMonitoring(agent=False))


async def test_what_is_not_monitored_cannot_be_ended(watch: Watch) -> None:
    machine = unmonitored(watch)
    with pytest.raises(Conflict, match="not monitored"):
        await disable.submit(watch.ctx, watch.small.actor, machine, DisableMonitoring())
