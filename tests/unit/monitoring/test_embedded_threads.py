"""The embedded store while several things happen to it at once, and where time does not do what is expected."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded import EmbeddedStore, writing
from mistserver.monitoring.embedded.partitions import DAY, HOUR
from mistserver.monitoring.embedded.state import Retention
from mistserver.monitoring.samples import Kind, Taken, Window, as_list, batch

START = 1_795_413_600  # where a span of six hours begins
GAUGE = Kind.GAUGE


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., EmbeddedStore]


@pytest.fixture
async def opened(tmp_path: Path, clock: Clock) -> AsyncIterator[Open]:
    stores: list[EmbeddedStore] = []

    def open_store(**more: object) -> EmbeddedStore:
        stores.append(EmbeddedStore(tmp_path / "metrics", clock=clock, **more))  # type: ignore[arg-type]
        return stores[-1]

    yield open_store
    for store in stores:
        await store.close()


async def averages(store: EmbeddedStore, window: Window, machine: str = "m") -> list[float | None]:
    (found,) = (await store.read(machine, ["load"], window)).points
    return as_list(found.average)


async def test_readers_never_miss_a_sample_while_it_moves_into_files_and_these_are_merged(
    opened: Open, clock: Clock
) -> None:
    store, reads = opened(), 0
    for n in range(1500):
        clock.now = START + 10 * n
        await store.append("m", batch([("load", GAUGE, int(clock.now), float(n))]))
    window = Window(START, START + 15000, 10)
    expected = [float(n) for n in range(1500)]
    clock.now = START + 9 * HOUR

    async def move() -> None:
        for age_s in (HOUR, 0):
            await asyncio.to_thread(store.flush_aged, age_s)
            await asyncio.to_thread(store.tidy)
            clock.now += HOUR

    moving = asyncio.create_task(move())
    while not moving.done() or reads == 0:
        assert await averages(store, window) == expected
        reads += 1
    await moving


async def test_a_machine_forgotten_while_its_rows_move_leaves_nothing_behind(opened: Open, clock: Clock) -> None:
    store = opened()
    for round in range(20):
        for n in range(30):
            lines = [("load", GAUGE, START + 1000 * round + n, 1.0)]
            await asyncio.gather(*(store.append(f"m{k}", batch(lines)) for k in range(8)))
        moving = asyncio.to_thread(store.flush_aged, 0)
        await asyncio.gather(moving, *(store.forget(f"m{k}") for k in range(8)))
    await store.append("m0", batch([("load", GAUGE, START, 7.0)]))

    assert await averages(store, Window(START, START + 20, 10), "m0") == [7.0, None]
    assert [await store.known(f"m{k}") for k in range(1, 8)] == [[]] * 7


async def test_a_new_series_gets_nothing_of_a_forgotten_one_whose_samples_are_still_in_the_log(
    opened: Open, clock: Clock
) -> None:
    store = opened()
    await store.append("old", batch([("load", GAUGE, START, 5.0)]))
    await store.forget("old")
    await store.close()
    store = opened()
    await store.append("m", batch([("load", GAUGE, START + 10, 1.0)]))
    await store.close()

    store = opened()

    assert await averages(store, Window(START, START + 20, 10)) == [None, 1.0]


async def test_a_post_with_more_of_one_series_than_fits_in_memory_is_kept_whole(opened: Open, clock: Clock) -> None:
    store = opened()
    lines = [("load", GAUGE, START + n, float(n)) for n in range(5000)] + [("users", GAUGE, START, 1.0)]
    clock.now = START + 5000

    assert await store.append("m", batch(lines)) == Taken(accepted=5001)

    window = Window(START, START + 5000, 1)
    assert await averages(store, window) == [float(n) for n in range(5000)]
    await store.close()
    assert await averages(opened(), window) == [float(n) for n in range(5000)]


async def test_what_is_acknowledged_waits_in_the_log_while_files_take_nothing(
    opened: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store._state.raw, "write", full)
        lines = [("load", GAUGE, START + n, float(n)) for n in range(300)]
        assert await store.append("m", batch(lines)) == Taken(accepted=300)
        with pytest.raises(Unavailable, match="disk"):
            await store.append("m", batch([("load", GAUGE, START + 300, 300.0)]))
        store.trim()

    assert await store.append("m", batch([("load", GAUGE, START + 300, 300.0)])) == Taken(accepted=1)
    assert await averages(store, Window(START, START + 301, 1)) == [float(n) for n in range(301)]
    await store.close()
    assert await averages(opened(), Window(START, START + 301, 1)) == [float(n) for n in range(301)]


async def test_a_fault_of_ours_is_answered_and_the_next_post_is_taken(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    with monkeypatch.context() as patch:
        patch.setattr(store._state.hot, "write", lambda *_: 1 / 0)
        with pytest.raises(Unavailable, match="ZeroDivisionError"):
            await store.append("m", batch([("load", GAUGE, START, 1.0)]))

    assert await store.append("m", batch([("load", GAUGE, START, 1.0)])) == Taken(accepted=1)


async def test_a_clock_that_leaps_ahead_and_back_takes_nothing_away(opened: Open, clock: Clock) -> None:
    store = opened()
    for n in range(100):
        clock.now = START + 10 * n
        await store.append("m", batch([("load", GAUGE, int(clock.now), float(n))]))
    clock.now = START + 400 * DAY
    store.flush_aged()
    store.tidy()
    clock.now = START - DAY
    store.flush_aged()
    store.tidy()
    clock.now = START + 1000
    await store.append("m", batch([("load", GAUGE, START + 1000, 100.0)]))
    store.tidy()

    assert await averages(store, Window(START, START + 1010, 10)) == [float(n) for n in range(101)]


async def test_samples_from_before_what_is_kept_make_no_files(opened: Open, tmp_path: Path) -> None:
    store = opened()
    old = [("load", GAUGE, 6 * HOUR * n, 1.0) for n in range(1, 400)]

    assert await store.append("m", batch([*old, ("load", GAUGE, START, 2.0)])) == Taken(accepted=1, late=399)

    store.flush_aged(-1)
    assert len(list((tmp_path / "metrics").glob("raw-*.db"))) == 1


async def test_a_year_of_files_opens_only_some_of_them(opened: Open, clock: Clock) -> None:
    store = opened(retention=Retention(raw=366 * DAY))
    for n in range(120):
        clock.now = START + 6 * HOUR * n
        await store.append("m", batch([("load", GAUGE, int(clock.now), float(n))]))
        store.flush_aged(0)
    await store.close()
    before = len(list(Path("/proc/self/fd").iterdir()))

    store = opened(retention=Retention(raw=366 * DAY))
    found = await averages(store, Window(START, START + 6 * HOUR * 120, 6 * HOUR))

    assert found == [float(n) for n in range(120)]
    assert len(list(Path("/proc/self/fd").iterdir())) - before < 100


async def test_series_of_long_ago_leave_room_for_new_ones(opened: Open, clock: Clock) -> None:
    store = opened(most_series=10)
    assert await store.append("m", batch([(f"veth{n}", GAUGE, START, 1.0) for n in range(12)])) == Taken(
        accepted=10, over_limit=2
    )
    clock.now = START + 3 * DAY
    now = int(clock.now)

    taken = await store.append("m", batch([(f"veth{n}", GAUGE, now, 1.0) for n in range(100, 112)]))

    assert taken == Taken(accepted=10, over_limit=2)


async def test_the_log_of_many_small_posts_does_not_grow_without_end(opened: Open, clock: Clock) -> None:
    store = opened()
    for n in range(3000):
        clock.now = START + n
        await store.append("m", batch([("load", GAUGE, int(clock.now), float(n))]))
        if n % 200 == 0:
            store.flush_aged(60)

    assert len(list(store._state.hot.posts())) < 1000
    assert await averages(store, Window(START, START + 3000, 600)) == [
        float(np.mean(range(n, n + 600))) for n in range(0, 3000, 600)
    ]


async def test_posts_with_ever_other_names_do_not_fill_the_memory(
    opened: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_CACHED", 100)
    store = opened(most_series=10)
    for n in range(50):
        await store.append("m", batch([(f"{n}-{k}", GAUGE, START + n, 1.0) for k in range(30)]))
        assert sum(len(names) for _, names in store._writer._rows) <= 100
