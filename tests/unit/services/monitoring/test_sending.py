"""When monitored machines were heard last, and which are silent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from mistserver.domain.errors import Unavailable
from mistserver.domain.monitoring import Monitoring
from mistserver.domain.sending import silent_after_s
from mistserver.monitoring.opening import Metrics
from mistserver.services.machines import list as inventory
from mistserver.services.machines.list import MachinePage, MachineQuery
from mistserver.services.monitoring import overview, sending
from mistserver.store import monitoring
from tests.support.watching import START, Watch


@pytest.mark.parametrize(("interval_s", "after_s"), [(1, 90), (10, 90), (30, 90), (60, 180), (3600, 3600)])
def test_a_machine_is_silent_after_three_intervals_or_ninety_seconds(interval_s: int, after_s: int) -> None:
    assert silent_after_s(interval_s) == after_s


async def of_one(watch: Watch, machine: str) -> tuple[float | None, bool | None]:
    found = await sending.of_machine(watch.ctx, watch.account, machine)
    assert found is not None
    return found.age_s, found.silent


async def test_a_machine_that_stops_sending_becomes_silent(watch: Watch) -> None:
    machine = watch.machine("db")
    await watch.send("db", 1.0)

    assert await of_one(watch, machine) == (10.0, False)
    watch.ctx.clock.forward(80)
    assert await of_one(watch, machine) == (90.0, False)
    watch.ctx.clock.forward(1)
    assert await of_one(watch, machine) == (91.0, True)


async def test_one_that_never_sent_is_silent_some_time_after_it_was_enabled(watch: Watch) -> None:
    machine = watch.machine("db")
    record = Monitoring(machine_id=machine, way="by_hand", enabled_at=START, interval_s=10)
    watch.small.write(monitoring.remove, machine)
    assert await sending.of_machine(watch.ctx, watch.account, machine) is None
    watch.small.write(monitoring.put, watch.account, record, "0" * 64)

    assert await of_one(watch, machine) == (None, False)
    watch.ctx.clock.forward(91)
    assert await of_one(watch, machine) == (None, True)


async def test_a_machine_whose_clock_is_ahead_was_heard_just_now(watch: Watch) -> None:
    machine = watch.machine("db")
    watch.ctx.clock.forward(200)
    await watch.send("db", 1.0)
    watch.ctx.clock.forward(-200)

    assert await of_one(watch, machine) == (0.0, False)


async def test_the_listing_tells_of_its_own_machines_only_and_only_when_asked(watch: Watch) -> None:
    ids = [watch.machine(name) for name in ("a", "b", "c")]
    watch.small.write(monitoring.remove, ids[2])
    await watch.send("a", 1.0)
    await watch.send("b", 1.0)
    actor = watch.small.actor

    assert (await inventory.page(watch.ctx, actor, MachineQuery())).monitoring is None
    first = await inventory.page(watch.ctx, actor, MachineQuery(monitoring=True, limit=1))
    assert list(first.monitoring or {}) == ids[:1]
    rest = await inventory.page(watch.ctx, actor, MachineQuery(monitoring=True, cursor=first.next_cursor))
    assert list(rest.monitoring or {}) == ids[1:2]


async def test_the_encoded_listing_is_the_same_and_its_tag_changes_with_it(watch: Watch) -> None:
    machine = watch.machine("db")
    await watch.send("db", 1.0)
    actor, query = watch.small.actor, MachineQuery(monitoring=True)

    before = await inventory.page_json(watch.ctx, actor, query)
    page = msgspec.json.decode(before.body, type=MachinePage)
    assert page.monitoring == (await inventory.page(watch.ctx, actor, query)).monitoring
    assert (await inventory.page_json(watch.ctx, actor, query)).etag == before.etag
    watch.ctx.clock.forward(5)
    assert (await inventory.page_json(watch.ctx, actor, query)).etag != before.etag
    plain = await inventory.page_json(watch.ctx, actor, MachineQuery())
    assert "monitoring" not in msgspec.json.decode(plain.body)
    assert (await inventory.shown(watch.ctx, actor, machine)).monitoring is not None


class Dead:
    """A store of metrics that cannot be opened, or does not answer."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs

    async def store(self) -> Any:
        if self._hangs:
            await asyncio.Event().wait()
        raise Unavailable("The store of metrics cannot be opened.")


@pytest.mark.parametrize("hangs", [True, False])
async def test_without_the_store_machines_are_listed_all_the_same(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    machine = watch.machine("db")
    monkeypatch.setattr(sending, "ANSWER_S", 0.01)
    ctx = replace(watch.ctx, metrics=cast(Metrics, Dead(hangs=hangs)))

    found = await inventory.page(ctx, watch.small.actor, MachineQuery(monitoring=True))

    (heard,) = (found.monitoring or {}).values()
    assert (heard.way, heard.newest_at, heard.age_s, heard.silent) == ("by_hand", None, None, None)
    assert [each.id for each in found.items] == [machine]


async def test_the_overview_tells_who_is_silent(watch: Watch) -> None:
    for name in ("b", "a", "c"):
        watch.machine(name)
    await watch.send("a", 1.0)
    watch.ctx.clock.forward(100)
    await watch.send("b", 2.0)

    found = await overview.overview(watch.ctx, watch.small.actor)

    assert [(now.name, now.age_s, now.silent) for now in found] == [
        ("a", 110.0, True),
        ("b", 10.0, False),
        ("c", None, True),
    ]
    assert [now.metrics["load.shortterm"] for now in found] == [1.0, 2.0, None]
    assert found[0].newest_at == START - timedelta(seconds=10)
    watch.ctx.clock.forward(60)
    later = await overview.overview(watch.ctx, watch.small.actor)
    assert later[0].metrics["load.shortterm"] is None
    assert await overview.overview(watch.ctx, watch.small.as_stranger()) == []
