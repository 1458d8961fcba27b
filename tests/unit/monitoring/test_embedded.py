"""What the embedded store does with its files."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.embedded.head import FULL
from mistserver.monitoring.embedded.partitions import DAY, HOUR
from mistserver.monitoring.samples import Kind, Taken, Window, as_list, batch

START = 1_795_413_600  # where a span of six hours begins
GAUGE, COUNTER = Kind.GAUGE, Kind.COUNTER


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[[], EmbeddedStore]


@pytest.fixture
async def opened(tmp_path: Path, clock: Clock) -> AsyncIterator[Open]:
    stores: list[EmbeddedStore] = []

    def open_store() -> EmbeddedStore:
        stores.append(EmbeddedStore(tmp_path, clock=clock))
        return stores[-1]

    yield open_store
    for store in stores:
        await store.close()


async def fill(store: EmbeddedStore, clock: Clock, count: int, name: str = "load") -> None:
    """A sample each ten seconds: 0, 1, 2 ..."""
    first = int(clock.now)
    for n in range(count):
        clock.now = first + 10 * n
        await store.append("m", batch([(name, GAUGE, int(clock.now), float(n))]))


async def averages(store: EmbeddedStore, window: Window, name: str = "load") -> list[float | None]:
    (found,) = (await store.read("m", [name], window)).points
    return as_list(found.average)


async def test_what_was_taken_is_there_after_a_restart(opened: Open, clock: Clock) -> None:
    store = opened()
    await fill(store, clock, 500)
    window = Window(START, START + 5000, 10)
    before = await averages(store, window)
    await store.close()

    store = opened()

    assert await averages(store, window) == before == [float(n) for n in range(500)]
    assert await store.append("m", batch([("load", GAUGE, START + 4990, 1.0)])) == Taken(repeated=1)
    assert await store.append("m", batch([("load", GAUGE, START + 5000, 1.0)])) == Taken(accepted=1)


async def test_a_closed_span_becomes_one_chunk_a_series_and_is_counted_in_minutes_and_hours(
    opened: Open, clock: Clock, tmp_path: Path
) -> None:
    store = opened()
    await fill(store, clock, 2160)
    await fill(store, clock, 200, "load")
    clock.now = START + 9 * HOUR
    store.flush_aged()
    store.tidy()

    assert await averages(store, Window(START, START + 60, 10)) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    with sqlite3.connect(tmp_path / f"raw-{START}.db") as raw:
        assert raw.execute("SELECT count(*), sum(size) FROM chunks").fetchone()[0] == 1
    clock.now = START + 3 * DAY
    store.tidy()
    assert (tmp_path / f"raw-{START}.db").exists()  # nothing newer came: the clock may be wrong
    await store.append("other", batch([("load", GAUGE, START + 3 * DAY, 1.0)]))
    store.tidy()
    assert not (tmp_path / f"raw-{START}.db").exists()
    assert await averages(store, Window(START, START + 180, 10)) == [2.5, 8.5, 14.5]
    await store.close()
    for path in tmp_path.glob("minutes-*"):  # whole hours are not made from minutes
        path.unlink()
    store = opened()
    (found,) = (await store.read("m", ["load"], Window(START, START + HOUR, HOUR))).points
    assert (found.average[0], found.low[0], found.high[0]) == (179.5, 0.0, 359.0)
    clock.now = START + 20 * DAY
    store.tidy()
    assert await averages(store, Window(START, START + 2 * HOUR, 60)) == [179.5, 539.5]


async def test_compacting_twice_comes_to_the_same(opened: Open, clock: Clock) -> None:
    store = opened()
    await fill(store, clock, 400)
    clock.now = START + 9 * HOUR
    store.flush_aged()
    store.tidy()
    # a machine that was away brings samples of the past along
    await store.append("m", batch([("load", GAUGE, START + 5000, 7.0)]))
    store.flush_aged()
    store.tidy()
    clock.now = START + 3 * DAY

    assert (await averages(store, Window(START, START + 5040, 60)))[-2:] == [None, 7.0]
    assert (await averages(store, Window(START, START + 60, 60))) == [2.5]


async def test_a_damaged_chunk_costs_only_itself(
    opened: Open, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened()
    await fill(store, clock, 400)
    store.flush_aged(0)
    await store.close()
    with sqlite3.connect(tmp_path / f"raw-{START}.db") as raw:
        average = bytearray(raw.execute("SELECT average FROM chunks WHERE start = ?", (START,)).fetchone()[0])
        average[len(average) // 2] ^= 1
        raw.execute("UPDATE chunks SET average = ? WHERE start = ?", (bytes(average), START))

    found = await averages(opened(), Window(START, START + 4000, 10))

    assert found[:FULL] == [None] * FULL
    assert found[FULL:] == [float(n) for n in range(FULL, 400)]
    assert "damaged" in caplog.text


async def test_a_full_disk_is_told_and_nothing_is_kept_by_halves(
    opened: Open, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    await fill(store, clock, 3)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store._state.hot, "write", full)
        with pytest.raises(Unavailable, match="disk"):
            await store.append("m", batch([("load", GAUGE, START + 30, 3.0), ("new", GAUGE, START + 30, 1.0)]))

    assert [each.name for each in await store.known("m")] == ["load"]
    assert await store.append("m", batch([("load", GAUGE, START + 30, 4.0), ("new", GAUGE, START + 30, 2.0)])) == Taken(
        2
    )
    await store.close()
    assert await averages(opened(), Window(START, START + 40, 10)) == [0.0, 1.0, 2.0, 4.0]


async def test_series_over_the_limit_are_counted_and_not_taken(opened: Open) -> None:
    store = opened()
    lines = [(f"series-{n}", GAUGE, START, 1.0) for n in range(2500)]

    assert await store.append("m", batch(lines)) == Taken(accepted=2000, over_limit=500)
    assert len(await store.known("m")) == 2000


async def test_the_log_is_shortened_once_its_samples_stand_in_files(opened: Open, clock: Clock) -> None:
    store = opened()
    await fill(store, clock, 400)
    store.flush_aged(0)

    store.trim()

    assert list(store._state.hot.posts()) == []
