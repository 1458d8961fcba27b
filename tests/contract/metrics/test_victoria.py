"""What is particular to VictoriaMetrics: it may be killed, and others may share it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistserver.monitoring.samples import Kind, Window, as_list, batch
from mistserver.monitoring.victoria import VictoriaStore
from tests.contract.metrics.conftest import NOW, Clock
from tests.lab.victoria import Victoria, missing

POSTS = 1000
KILLS, FULL_KILLS = 5, 50


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    """A server of the test's own, since it is killed."""
    if reason := missing():
        pytest.skip(reason)
    server = Victoria(tmp_path)
    yield server
    server.stop()


async def until(store: VictoriaStore, window: Window, expected: list[list[float]]) -> None:
    """Every series is read from the server as it was sent."""
    found: list[list[float | None]] = []
    for _ in range(600):
        read = (await store.read("m", ["counter", "gauge"], window)).points
        found = [as_list(points.average) for points in read]
        if found == expected:
            return
        await asyncio.sleep(0.1)
    assert found == expected


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kills", [KILLS, pytest.param(FULL_KILLS, marks=pytest.mark.full)])
async def test_a_server_that_is_killed_while_samples_come_loses_none_of_them(
    server: Victoria, tmp_path: Path, clock: Clock, kills: int
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    dice = random.Random(seed)
    moments = set(dice.sample(range(POSTS), kills))
    store, first = VictoriaStore(server.url, tmp_path / "here", clock=clock), NOW - POSTS
    for n in range(POSTS):
        lines = [("gauge", Kind.GAUGE, first + n, n + 0.5), ("counter", Kind.COUNTER, first + n, 7.0 * n)]
        assert (await store.append("m", batch(lines))).accepted == 2
        if n in moments:
            server.kill()
            await asyncio.sleep(dice.uniform(0, 0.3))
            await asyncio.to_thread(server.start)
    # another service with the same server, which has taken nothing itself
    other = VictoriaStore(server.url, tmp_path / "there", clock=clock)
    try:
        gauge: list[float] = [n + 0.5 for n in range(POSTS)]
        await until(other, Window(first + 1, NOW, 1), [[7.0] * (POSTS - 1), gauge[1:]])
        assert [(each.name, each.kind, each.newest) for each in await other.known("m")] == [
            ("counter", Kind.COUNTER, NOW - 1),
            ("gauge", Kind.GAUGE, NOW - 1),
        ]
    finally:
        await other.close()
        await store.close()


async def test_what_waits_in_the_log_is_sent_after_both_were_killed(
    server: Victoria, tmp_path: Path, clock: Clock
) -> None:
    server.kill()
    store = VictoriaStore(server.url, tmp_path / "here", clock=clock)
    for n in range(100):
        await store.append(
            "m", batch([("counter", Kind.COUNTER, NOW - 100 + n, 7.0 * n), ("gauge", Kind.GAUGE, NOW, 1.0)])
        )
    assert as_list((await store.read("m", ["counter"], Window(NOW - 99, NOW, 1))).points[0].average) == [7.0] * 99
    await store.close()

    server.start()
    store = VictoriaStore(server.url, tmp_path / "here", clock=clock)
    other = VictoriaStore(server.url, tmp_path / "there", clock=clock)
    try:
        await until(other, Window(NOW - 99, NOW + 1, 1), [[*[7.0] * 99, None], [*[None] * 99, 1.0]])  # type: ignore[list-item]
        assert (await other.sent(["m"]))["m"].newest == NOW
        recent = await other.recent([("m", "gauge"), ("m", "nothing")], Window(NOW - 10, NOW + 10, 10))
        assert as_list(recent[0]) == [None, 1.0]
        assert as_list(recent[1]) == [None, None]
    finally:
        await other.close()
        await store.close()


async def test_a_month_is_asked_for_by_the_minute(server: Victoria, tmp_path: Path, clock: Clock) -> None:
    store = VictoriaStore(server.url, tmp_path / "here", clock=clock)
    hour = NOW - NOW % 3600 - 3600
    lines = [("gauge", Kind.GAUGE, hour + 60 * n, float(n)) for n in range(60)]
    lines += [("counter", Kind.COUNTER, hour + 60 * n, 60.0 * n) for n in range(60)]
    await store.append("m", batch(lines))
    window = Window(hour - 30 * 86400, hour + 3600, 3600)
    try:
        for _ in range(300):
            read = {each.name: each for each in (await store.read("m", ["gauge", "counter"], window)).points}
            if len(read) == 2 and read["gauge"].average[-1] == 29.5:
                break
            await asyncio.sleep(0.1)
        assert [each[-1] for each in (read["gauge"].average, read["gauge"].low, read["gauge"].high)] == [
            29.5,
            0.0,
            59.0,
        ]
        assert read["counter"].average[-1] == pytest.approx(1.0, rel=0.02)
        assert as_list(read["gauge"].average[:-1]) == [None] * 720
    finally:
        await store.close()
