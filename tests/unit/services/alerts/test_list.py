"""Alerts, rules and silences as they are listed, and what is forgotten of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from mistserver.domain.account import Scope
from mistserver.domain.alert import AlertState
from mistserver.domain.errors import Forbidden, InvalidInput, NotFound
from mistserver.services.alerts import duties, silence
from mistserver.services.alerts import list as list_alerts
from mistserver.services.alerts.silence import AddSilence
from mistserver.services.rules import list as list_rules
from mistserver.store.alerts import AlertQuery
from tests.support.watching import Watch


async def three(watch: Watch) -> None:
    for name in ("a", "b", "c"):
        watch.machine(name, "all")
    await watch.rule(tag="all", window_s=20, aggregate="any")
    loads = {"a": 1.0, "b": 1.0, "c": 1.0}
    await watch.turn(**loads)
    for name in loads:
        loads[name] = 7.0
        await watch.turn(**loads)


async def test_alerts_come_the_newest_first_and_in_pages(watch: Watch) -> None:
    await three(watch)
    actor = watch.small.actor

    names, cursor = [], None
    for _ in range(3):
        page = await list_alerts.page(watch.ctx, actor, AlertQuery(cursor=cursor), limit=1)
        names += [alert.machine_name for alert in page.items]
        cursor = page.next_cursor

    assert (names, cursor) == (["c", "b", "a"], None)
    (last,) = (await list_alerts.page(watch.ctx, actor, AlertQuery(machine_id=watch.machines["a"]))).items
    assert (await list_alerts.get(watch.ctx, actor, last.id)) == last
    with pytest.raises(InvalidInput):
        await list_alerts.page(watch.ctx, actor, AlertQuery(cursor="nonsense"))
    with pytest.raises(NotFound):
        await list_alerts.get(watch.ctx, watch.small.as_stranger(), last.id)


async def test_what_is_over_is_listed_on_demand_and_forgotten_in_time(watch: Watch) -> None:
    await three(watch)
    for _ in range(2):
        await watch.turn(a=1.0, b=1.0, c=7.0)
    actor = watch.small.actor

    async def names(query: AlertQuery) -> list[str]:
        return [alert.machine_name for alert in (await list_alerts.page(watch.ctx, actor, query)).items]

    assert await names(AlertQuery()) == ["c"]
    assert await names(AlertQuery(state=AlertState.RESOLVED)) == ["b", "a"]
    watch.ctx.clock.forward(timedelta(days=400).total_seconds())
    await duties.trim(watch.ctx)
    assert await names(AlertQuery(everything=True)) == ["c"]


async def test_silences_end(watch: Watch) -> None:
    actor = watch.small.actor
    short = await silence.add(watch.ctx, actor, AddSilence(duration_s=60, tag="all"))
    long = await silence.add(watch.ctx, actor, AddSilence(duration_s=120, reason=" new disks "))

    assert await silence.list_all(watch.ctx, actor) == [short, long]
    watch.ctx.clock.forward(60)
    assert await silence.list_all(watch.ctx, actor) == [long]
    with pytest.raises(NotFound):
        await silence.end(watch.ctx, watch.small.as_stranger(), long.id)
    await silence.end(watch.ctx, actor, long.id)
    assert await silence.list_all(watch.ctx, actor) == []


@pytest.mark.parametrize("duration_s", [0, -1, float("nan"), float("inf"), 1e9])
async def test_a_silence_without_an_end_is_refused(watch: Watch, duration_s: float) -> None:
    with pytest.raises(InvalidInput):
        await silence.add(watch.ctx, watch.small.actor, AddSilence(duration_s=duration_s))


async def test_rules_are_picked_exactly_before_by_a_part(watch: Watch) -> None:
    watch.machine("db", "all")
    for name in ("load", "load of all", "memory"):
        await watch.rule(tag="all", name=name)
    actor = watch.small.actor

    assert [rule.name for rule in (await list_rules.page(watch.ctx, actor, None)).items] == [
        "load",
        "load of all",
        "memory",
    ]
    level, found = await list_rules.select(watch.ctx, actor, "load")
    assert (level, [rule.name for rule in found]) == ("name", ["load"])
    level, found = await list_rules.select(watch.ctx, actor, "oad")
    assert (level, len(found)) == ("substring", 2)
    first = await list_rules.page(watch.ctx, actor, None, limit=2)
    rest = await list_rules.page(watch.ctx, actor, None, limit=2, cursor=first.next_cursor)
    assert [rule.name for rule in rest.items] == ["memory"]


async def test_who_may_only_look_changes_nothing(watch: Watch) -> None:
    viewer = replace(watch.small.actor, scope=Scope.READ)

    assert await silence.list_all(watch.ctx, viewer) == []
    with pytest.raises(Forbidden):
        await silence.add(watch.ctx, viewer, AddSilence(duration_s=60))
