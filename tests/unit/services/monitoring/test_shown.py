"""Which metrics a machine has, and which of them are shown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mistserver.domain.account import Scope
from mistserver.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from mistserver.domain.monitoring import Metric
from mistserver.services.monitoring import shown
from mistserver.services.monitoring.loading import AddMetric
from mistserver.store import monitoring
from tests.support.watching import Watch


async def test_what_came_is_listed_after_what_is_always_shown(watch: Watch) -> None:
    machine = watch.machine("db")
    await watch.send("db", 3.0, "users")
    await watch.send("db", 0.5)

    found = await shown.list_all(watch.ctx, watch.small.actor, machine)

    assert found[0].id == "cpu.total.nonidle"
    assert found[-1].id == "users"
    by_id = {metric.id: metric for metric in found}
    assert by_id["load.shortterm"].newest_at is not None
    assert by_id["cpu.total.nonidle"].newest_at is None
    assert (by_id["load.shortterm"].shown, by_id["users"].shown) == (True, False)
    assert [metric.priority for metric in found] == list(range(len(found)))


async def test_a_metric_is_shown_under_a_name_until_it_is_removed(watch: Watch) -> None:
    machine, actor = watch.machine("db"), watch.small.actor
    await watch.send("db", 3.0, "users")

    plain = await shown.add(watch.ctx, actor, machine, "users", AddMetric())
    named = await shown.add(watch.ctx, actor, machine, "users", AddMetric(name="Logins", unit="people"))

    assert isinstance(plain, Metric)
    assert isinstance(named, Metric)
    assert (plain.name, plain.unit, plain.shown) == ("Users", "", True)
    found = [metric for metric in await shown.list_all(watch.ctx, actor, machine) if metric.id == "users"]
    assert [(metric.name, metric.unit, metric.shown) for metric in found] == [("Logins", "people", True)]
    assert (named.name, named.unit) == ("Logins", "people")
    await shown.remove(watch.ctx, actor, machine, "users")
    assert not next(m for m in await shown.list_all(watch.ctx, actor, machine) if m.id == "users").shown
    with pytest.raises(NotFound, match="'users' was not added"):
        await shown.remove(watch.ctx, actor, machine, "users")
    assert [event.kind for event in watch.small.events()] == ["metric.removed", "metric.added", "metric.added"]


async def test_what_never_came_cannot_be_shown(watch: Watch) -> None:
    machine = watch.machine("db")
    with pytest.raises(NotFound, match="Nothing called 'user' came from 'db'"):
        await shown.add(watch.ctx, watch.small.actor, machine, "user", AddMetric())


@pytest.mark.parametrize("metric", ["", "x" * 256, "a\nb", "\x1b[31m", "a\0"])
async def test_what_is_no_id_is_refused(watch: Watch, metric: str) -> None:
    machine = watch.machine("db")
    with pytest.raises(InvalidInput, match="1 to 255 visible"):
        await shown.add(watch.ctx, watch.small.actor, machine, metric, AddMetric())
    with pytest.raises(NotFound) as caught:
        await shown.remove(watch.ctx, watch.small.actor, machine, metric)
    assert len(caught.value.message) < 400
    assert watch.small.read(monitoring.added_metrics, machine) == []


async def test_who_may_not_is_refused_and_a_stranger_finds_nothing(watch: Watch) -> None:
    machine = watch.machine("db")
    viewer, stranger = replace(watch.small.actor, scope=Scope.READ), watch.small.as_stranger()
    assert await shown.list_all(watch.ctx, viewer, machine)
    for change in (
        shown.add(watch.ctx, viewer, machine, "users", AddMetric()),
        shown.remove(watch.ctx, viewer, machine, "users"),
    ):
        with pytest.raises(Forbidden):
            await change
    with pytest.raises(NotFound, match="no machine"):
        await shown.list_all(watch.ctx, stranger, machine)


async def test_a_machine_that_is_not_monitored_has_none(watch: Watch) -> None:
    machine = watch.machine("db")
    watch.small.write(monitoring.remove, machine)

    with pytest.raises(Conflict, match="'db' is not monitored; enable that first"):
        await shown.list_all(watch.ctx, watch.small.actor, machine)
