"""What every store of metrics owes."""

from __future__ import annotations

import math

import pytest

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.samples import Kind, Points, Taken, Window, as_list, batch
from mistserver.monitoring.storage import MetricStore
from tests.contract.metrics.conftest import NOW

GAUGE, COUNTER = Kind.GAUGE, Kind.COUNTER
MINUTE_AGO = NOW - 60


async def points(store: MetricStore, name: str, window: Window, machine: str = "m") -> Points:
    (found,) = (await store.read(machine, [name], window)).points
    return found


async def test_a_gauge_is_read_as_it_came(store: MetricStore) -> None:
    lines = [("load", GAUGE, MINUTE_AGO + 10 * n, float(n)) for n in range(3)]
    for line in lines:
        assert await store.append("m", batch([line])) == Taken(accepted=1)

    found = await points(store, "load", Window(MINUTE_AGO, NOW, 10))

    assert as_list(found.average) == [0.0, 1.0, 2.0, None, None, None]
    assert (found.name, found.kind) == ("load", GAUGE)


async def test_a_counter_is_read_as_a_rate_and_a_restart_is_no_rate(store: MetricStore) -> None:
    for n, value in enumerate([1000.0, 1500.0, 2500.0, 100.0, 300.0]):
        await store.append("m", batch([("octets", COUNTER, MINUTE_AGO + 10 * n, value)]))

    found = await points(store, "octets", Window(MINUTE_AGO, NOW, 10))

    assert as_list(found.average) == [None, 50.0, 100.0, None, 20.0, None]


async def test_a_coarser_step_has_average_lowest_and_highest(store: MetricStore) -> None:
    for n in range(6):
        await store.append("m", batch([("load", GAUGE, MINUTE_AGO + 10 * n, float(n))]))

    found = await points(store, "load", Window(MINUTE_AGO, NOW, 30))

    assert [as_list(each) for each in (found.average, found.low, found.high)] == [[1.0, 4.0], [0.0, 3.0], [2.0, 5.0]]


async def test_time_of_a_series_only_moves_forward(store: MetricStore) -> None:
    await store.append("m", batch([("load", GAUGE, NOW, 1.0)]))

    assert await store.append("m", batch([("load", GAUGE, NOW, 9.0)])) == Taken(repeated=1)
    assert await store.append("m", batch([("load", GAUGE, NOW - 1, 9.0)])) == Taken(late=1)
    assert await store.append("m", batch([("other", GAUGE, NOW - 1, 9.0)])) == Taken(accepted=1)
    assert as_list((await points(store, "load", Window(NOW - 10, NOW + 10, 10))).average) == [None, 1.0]


async def test_one_batch_may_hold_several_samples_of_a_series(store: MetricStore) -> None:
    lines = [("load", GAUGE, MINUTE_AGO + 10 * n, float(n)) for n in (0, 1, 1, 0, 2)]

    taken = await store.append("m", batch(lines))

    assert taken.accepted == 3
    found = await points(store, "load", Window(MINUTE_AGO, NOW, 10))
    assert as_list(found.average)[:4] == [0.0, 1.0, 2.0, None]


async def test_machines_are_apart(store: MetricStore) -> None:
    await store.append("m", batch([("load", GAUGE, MINUTE_AGO, 1.0)]))
    await store.append("n", batch([("load", GAUGE, MINUTE_AGO, 2.0), ("users", GAUGE, MINUTE_AGO, 3.0)]))

    assert [each.name for each in await store.known("m")] == ["load"]
    assert [(each.name, each.newest) for each in await store.known("n")] == [
        ("load", MINUTE_AGO),
        ("users", MINUTE_AGO),
    ]
    assert (await points(store, "load", Window(MINUTE_AGO, NOW, 60), "n")).average[0] == 2.0


async def test_names_that_are_not_there_are_left_out(store: MetricStore) -> None:
    await store.append("m", batch([("load", GAUGE, MINUTE_AGO, 1.0)]))

    found = (await store.read("m", ["users", "load"], Window(MINUTE_AGO, NOW, 10))).points

    assert [each.name for each in found] == ["load"]
    assert (await store.read("nobody", ["load"], Window(MINUTE_AGO, NOW, 10))).points == []
    assert await store.known("nobody") == []


async def test_a_forgotten_machine_is_gone_and_may_come_back(store: MetricStore) -> None:
    await store.append("m", batch([("load", GAUGE, MINUTE_AGO, 1.0)]))
    await store.append("n", batch([("load", GAUGE, MINUTE_AGO, 2.0)]))

    await store.forget("m")
    await store.forget("m")

    assert await store.known("m") == []
    assert [each.name for each in await store.known("n")] == ["load"]
    await store.append("m", batch([("load", GAUGE, MINUTE_AGO - 10, 5.0)]))
    assert as_list((await points(store, "load", Window(MINUTE_AGO - 10, NOW, 10))).average)[:2] == [5.0, None]


@pytest.mark.parametrize("value", [0.0, -1.5, 1e-300, 1e300, 123456789.123456, 2.0**52, -7.0])
async def test_a_number_stays_what_it_is(store: MetricStore, value: float) -> None:
    await store.append("m", batch([("x", GAUGE, MINUTE_AGO, value)]))

    assert (await points(store, "x", Window(MINUTE_AGO, NOW, 10))).average[0] == value


async def test_an_empty_batch_and_an_empty_window_are_no_errors(store: MetricStore) -> None:
    assert await store.append("m", batch([])) == Taken()
    await store.append("m", batch([("load", GAUGE, MINUTE_AGO, 1.0)]))
    assert len((await points(store, "load", Window(NOW, NOW, 10))).average) == 0


async def test_much_is_read_as_it_came(store: MetricStore) -> None:
    count = 1000
    for n in range(count):
        at = NOW - 10 * (count - n)
        await store.append("m", batch([("gauge", GAUGE, at, n + 0.25), ("counter", COUNTER, at, 70.0 * n)]))

    gauge, counter = (await store.read("m", ["gauge", "counter"], Window(NOW - 10 * count, NOW, 10))).points

    assert as_list(gauge.average) == [n + 0.25 for n in range(count)]
    assert math.isnan(counter.average[0])
    assert set(counter.average[1:]) == {7.0}


async def test_a_closed_store_takes_nothing(store: MetricStore) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        await store.append("m", batch([("load", GAUGE, NOW, 1.0)]))
