"""What a machine's metrics were over time."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.services.monitoring import shown, stats
from mistserver.services.monitoring.loading import AddMetric
from mistserver.services.monitoring.stats import StatsQuery
from tests.support.watching import START, Watch

SECOND = int(START.timestamp())


async def asked(watch: Watch, machine: str, *metrics: str, **query: Any) -> dict[str, list[float | None]]:
    """The values of each metric in the last minute."""
    window = {"start": SECOND - 60, "stop": SECOND, **query}
    answer = await stats.stats(watch.ctx, watch.small.actor, machine, StatsQuery(metrics=metrics, **window))
    return {id: [value for value, _ in each.datapoints] for id, each in answer.metrics.items()}


async def test_before_any_data_there_is_nothing(watch: Watch) -> None:
    assert await asked(watch, watch.machine("db")) == {}


async def test_what_is_shown_comes_on_one_grid_with_gaps(watch: Watch) -> None:
    machine = watch.machine("db")
    for value in (1.0, 2.0):
        await watch.send("db", value)
        watch.ctx.clock.forward(20)
    await watch.send("db", 5.0, "users")
    watch.ctx.clock.now = START

    assert await asked(watch, machine, stop=SECOND + 30) == {
        "load.shortterm": [None, None, None, None, None, 1.0, None, 2.0, None]
    }
    await shown.add(watch.ctx, watch.small.actor, machine, "users", AddMetric())
    assert list(await asked(watch, machine, stop=SECOND + 60)) == ["load.shortterm", "users"]


async def test_others_come_when_they_are_named_and_under_the_name_that_was_given(watch: Watch) -> None:
    machine = watch.machine("db")
    await watch.send("db", 1.0)
    await watch.send("db", 5.0, "users")

    found = await asked(watch, machine, "load", "users", "never.came", "users")

    assert {id: values[-1] for id, values in found.items()} == {"load": 1.0, "users": 5.0}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": -1}, "start"),
        ({"start": SECOND + 1}, "start"),
        ({"stop": 2**32}, "start"),
        ({"step": 0}, "step"),
        ({"step": -10}, "step"),
        ({"step": 10**9}, "step"),
        ({"start": 0, "step": 1}, "step"),
    ],
)
async def test_a_window_that_cannot_be_is_refused(watch: Watch, query: dict[str, int], field: str) -> None:
    machine = watch.machine("db")

    with pytest.raises(InvalidInput) as caught:
        await asked(watch, machine, **query)

    assert caught.value.facts["field"] == field


async def test_a_window_of_the_future_is_empty(watch: Watch) -> None:
    machine = watch.machine("db")
    await watch.send("db", 1.0)

    found = await asked(watch, machine, start=SECOND + 600, stop=SECOND + 660)

    assert {value for values in found.values() for value in values} <= {None}


async def test_a_stranger_finds_no_machine(watch: Watch) -> None:
    machine = watch.machine("db")
    with pytest.raises(NotFound, match="no machine"):
        await stats.stats(watch.ctx, watch.small.as_stranger(), machine, StatsQuery())
