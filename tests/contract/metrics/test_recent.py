"""The newest samples of many series at once, which every store of metrics owes."""

from __future__ import annotations

import numpy as np

from mistserver.monitoring import recent
from mistserver.monitoring.samples import Kind, Sent, Window, as_list, batch
from mistserver.monitoring.storage import MetricStore
from tests.contract.metrics.conftest import NOW

GAUGE, COUNTER = Kind.GAUGE, Kind.COUNTER
MINUTE_AGO = NOW - 60


async def fill(store: MetricStore, machine: str, name: str, values: list[float], kind: Kind = GAUGE) -> None:
    lines = [(name, kind, MINUTE_AGO + 10 * n, value) for n, value in enumerate(values)]
    await store.append(machine, batch(lines))


async def test_rows_come_in_the_order_of_the_asking(store: MetricStore) -> None:
    await fill(store, "m", "load", [0.0, 1.0, 2.0])
    await fill(store, "n", "octets", [1000.0, 1500.0, 2500.0, 100.0, 300.0], COUNTER)
    asked = [("n", "octets"), ("m", "load"), ("m", "nothing"), ("nobody", "load"), ("m", "load")]

    found = await store.recent(asked, Window(MINUTE_AGO, NOW, 10))

    assert [as_list(row) for row in found] == [
        [None, 50.0, 100.0, None, 20.0, None],
        [0.0, 1.0, 2.0, None, None, None],
        [None] * 6,
        [None] * 6,
        [0.0, 1.0, 2.0, None, None, None],
    ]


async def test_a_rate_reaches_back_before_the_window(store: MetricStore) -> None:
    await fill(store, "m", "octets", [0.0, 100.0, 300.0], COUNTER)

    found = await store.recent([("m", "octets")], Window(MINUTE_AGO + 10, NOW, 10))

    assert as_list(found[0]) == [10.0, 20.0, None, None, None]


async def test_nothing_is_asked_and_nothing_comes(store: MetricStore) -> None:
    assert (await store.recent([], Window(MINUTE_AGO, NOW, 10))).shape == (0, 6)
    assert await store.sent([]) == {}


async def test_what_machines_have_sent_is_told(store: MetricStore) -> None:
    await fill(store, "m", "load", [0.0, 1.0])
    await store.append("m", batch([("users", GAUGE, MINUTE_AGO + 30, 1.0)]))

    sent = await store.sent(["m", "nobody"])

    assert sent["nobody"] == Sent((), 0)
    assert (set(sent["m"].names), sent["m"].newest) == ({"load", "users"}, MINUTE_AGO + 30)


async def test_metrics_that_mist_makes_have_a_point_where_all_parts_have_one(store: MetricStore) -> None:
    await fill(store, "m", "memory.used", [1.0, 1.0, 3.0])
    await fill(store, "m", "memory.free", [3.0, 3.0])
    await fill(store, "n", "load.shortterm", [4.0])
    places = [("m", "ram"), ("n", "load"), ("n", "ram"), ("m", "memory.free")]

    found = await recent.points(store, places, await store.sent(["m", "n"]), Window(MINUTE_AGO, NOW, 10))

    assert [as_list(row)[:3] for row in found] == [[25.0, 25.0, None], [4.0, None, None], [None] * 3, [3.0, 3.0, None]]
    assert np.isnan(found[:, 3:]).all()


def test_the_last_window_is_over() -> None:
    assert recent.last(90, NOW + 7) == Window(NOW - 90, NOW, 10)
    assert len(recent.last(95, NOW)) == 10
