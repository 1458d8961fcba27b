"""The store of metrics beside VictoriaMetrics: durable posts, bytes a sample, queries under load, waits, reopening."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measure import Figure, ms
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import TIMES, Batch, Kind, Window
from mistserver.monitoring.victoria.exchange import Exchange, match
from tests.lab.victoria import Victoria, missing

Rows = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Row = np.ndarray[tuple[int], np.dtype[np.float64]]
Ask = Callable[[], Awaitable[object]]

MACHINES, SERIES = 100, 100
START = 1_795_413_600
_NAMES = tuple(f"series-{n}" for n in range(SERIES))
_KINDS = tuple(Kind.COUNTER if n % 3 == 0 else Kind.GAUGE for n in range(SERIES))


def mixed(posts: int, seed: int = 7) -> Rows:
    """`posts` rows of a machine: counters, gauges that wander, percentages, and some that stand still."""
    dice = np.random.default_rng(seed)
    columns = []
    for n in range(SERIES):
        if n % 3 == 0:
            columns.append(np.cumsum(dice.integers(0, 20_000, posts)).astype(float))
        elif n % 3 == 1:
            columns.append(np.round(50 + np.cumsum(dice.normal(0, 0.4, posts)), 2))
        elif n % 6 == 2:
            columns.append(np.full(posts, 4096.0 * n))
        else:
            columns.append(np.round(np.abs(dice.normal(2, 1, posts)), 4))
    return np.column_stack(columns)


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 360 if full else 60
    values = mixed(rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, waits = asyncio.run(_posted(folder / "posts", values))
        yield Figure("a write waits for our own locks, ms at p99.9", waits * 1000, 20, ms(waits), "20 ms")
        clean, killed = asyncio.run(_reopened(folder / "posts"))
        yield Figure("reopen after kill : clean reopen + 1 s", killed / (2 * clean + 1), 1, ms(killed), ms(clean))
        size = asyncio.run(_bytes(folder / "bytes", mixed(2160)))
        if reason := missing():
            print(reason)
            return
        server = Victoria(folder)
        try:
            theirs = _posted_there(server, values)
            there = _bytes_there(folder / "size", mixed(2160))
            yield Figure("bytes a sample : VictoriaMetrics'", size / there, 1.1, f"{size:.2f}", f"{there:.2f}")
            yield Figure(
                "samples a CPU second : VictoriaMetrics'",
                ours / theirs,
                2,
                f"{ours:.0f}",
                f"{theirs:.0f}",
                at_least=True,
            )
            yield from asyncio.run(_queries(folder / "queries", server, full))
        finally:
            server.stop()


def _batch(values: Row, second: int) -> Batch:
    return Batch(_NAMES, _KINDS, np.full(SERIES, second, TIMES), values)


async def _posted(folder: Path, values: Rows) -> tuple[float, float]:
    """Samples a second of this process' CPU when posts of all machines come at once.

    And how long, at p99.9, the writer waits for our own locks while all rows move into files.
    """
    clock = [float(START)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    began, count = time.process_time(), 0
    for n, row in enumerate(values):
        clock[0] = START + 10.0 * n
        batch = _batch(row, int(clock[0]))
        await asyncio.gather(*(store.append(f"m{k}", batch) for k in range(MACHINES)))
        count += MACHINES * SERIES
    per_s = count / (time.process_time() - began)
    locks = [Timed(store._state.lock), Timed(store._flusher.still)]
    store._state.lock, store._flusher.still = locks  # type: ignore[assignment]
    moving = asyncio.create_task(asyncio.to_thread(store.flush_aged, 0))
    while not moving.done():
        clock[0] += 1
        await store.append("one", _batch(np.ones(SERIES), int(clock[0])))
    await store.close()
    return per_s, float(np.quantile([wait for lock in locks for wait in lock.waits], 0.999))


class Timed:
    """A lock that remembers how long the writer waited for it."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.waits = [0.0]

    def __enter__(self) -> None:
        began = time.perf_counter()
        self._lock.acquire()
        if threading.current_thread().name == "metrics-write":
            self.waits.append(time.perf_counter() - began)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


async def _reopened(folder: Path) -> tuple[float, float]:
    """Seconds to open the store as it was closed, and as a kill leaves it: with its log full."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        store = EmbeddedStore(folder, clock=lambda: START + 10_000.0)
        took.append(time.perf_counter() - began)
        await store.close()
    child = os.fork()
    if child == 0:
        _fill_and_die(folder)
    os.waitpid(child, 0)
    began = time.perf_counter()
    store = EmbeddedStore(folder, clock=lambda: START + 10_000.0)
    killed = time.perf_counter() - began
    await store.close()
    return statistics.median(took), killed


def _fill_and_die(folder: Path) -> None:
    async def fill() -> None:
        store = EmbeddedStore(folder, clock=lambda: START + 10_000.0)
        for n in range(30):
            batch = _batch(np.full(SERIES, float(n)), START + 9_000 + n)
            await asyncio.gather(*(store.append(f"m{k}", batch) for k in range(MACHINES)))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(fill())
    os._exit(9)  # as a kill: nothing is closed


async def _bytes(folder: Path, values: Rows) -> float:
    """Of a span of six hours that is merged, its files' bytes a sample."""
    clock = [float(START)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    for n, row in enumerate(values):
        clock[0] = START + 10.0 * n
        batch = _batch(row, int(clock[0]))
        await asyncio.gather(*(store.append(f"m{k}", batch) for k in range(5)))
    clock[0] = START + 9 * 3600
    store.flush_aged()
    store.tidy()
    await store.close()
    return sum(path.stat().st_size for path in folder.glob("raw-*")) / (values.size * 5)


def _bytes_there(folder: Path, values: Rows) -> float:
    """The same samples in a server of their own, once its files are merged."""
    folder.mkdir()
    server = Victoria(folder)
    exchange = Exchange(server.url)
    try:
        for k in range(5):
            for n, name in enumerate(_NAMES):
                labels = {"__name__": "mist", "machine": f"m{k}", "metric": name}
                exchange.write([(labels, [(START + 10 * at, float(value)) for at, value in enumerate(values[:, n])])])
        server.merge()
        return sum(path.stat().st_size for path in (folder / "data" / "data").rglob("*.bin")) / (values.size * 5)
    finally:
        exchange.close()
        server.stop()


def _posted_there(server: Victoria, values: Rows) -> float:
    process, exchange, count = psutil.Process(server.pid), Exchange(server.url), 0
    bodies = []
    for n, row in enumerate(values[:60]):
        for k in range(MACHINES):
            samples = [(START + 10 * n, float(value)) for value in row]
            labels = [{"__name__": "mist", "machine": f"m{k}", "metric": name} for name in _NAMES]
            bodies.append([(label, [sample]) for label, sample in zip(labels, samples, strict=True)])
    before = sum(process.cpu_times()[:2])
    for body in bodies:
        exchange.write(body)
        count += SERIES
    taken = sum(process.cpu_times()[:2]) - before
    exchange.close()
    return count / taken


async def _queries(folder: Path, server: Victoria, full: bool) -> Iterator[Figure]:
    """Three questions to both in turn, while 5 000 samples a second arrive at both."""
    clock = [float(START)]
    store, exchange = EmbeddedStore(folder, clock=lambda: clock[0]), Exchange(server.url)
    day = mixed(8640)
    for n, row in enumerate(day):
        clock[0] = START + 10.0 * n
        await store.append("q0", _batch(row, int(clock[0])))
    now = int(clock[0]) + 10
    for k in range(1, MACHINES):
        for n in range(60):
            await store.append(f"q{k}", _batch(day[n], now - 600 + 10 * n))
    _fill_there(exchange, day, now)
    stop = asyncio.Event()
    loaders = [asyncio.create_task(_load_here(store, now, stop)), asyncio.create_task(_load_there(exchange, now, stop))]
    figures = []
    for name, ours, theirs in _questions(store, exchange, now):
        here, there = [], []
        for _ in range(200 if full else 50):
            began = time.perf_counter()
            await ours()
            middle = time.perf_counter()
            await asyncio.to_thread(theirs)
            here.append(middle - began)
            there.append(time.perf_counter() - middle)
            await asyncio.sleep(0.02)
        for at, limit in ((0.5, 1.0), (0.95, 2.0)):
            mine, its = float(np.quantile(here, at)), float(np.quantile(there, at))
            figures.append(Figure(f"{name}, p{at * 100:g} : VictoriaMetrics'", mine / its, limit, ms(mine), ms(its)))
    stop.set()
    await asyncio.gather(*loaders)
    await store.close()
    exchange.close()
    return iter(figures)


def _questions(store: EmbeddedStore, exchange: Exchange, now: int) -> Iterator[tuple[str, Ask, Callable[[], object]]]:
    names = _NAMES[1:19:3]
    hour, day, recent = Window(now - 3600, now, 10), Window(now - 86_400, now, 288), Window(now - 600, now, 10)
    everyone = [(f"q{k}", names[0]) for k in range(MACHINES)]
    some = "|".join(names)
    yield (
        "6 metrics of the last hour",
        lambda: store.read("q0", names, hour),
        lambda: exchange.points(f'avg_over_time(mist{{machine="q0",metric=~"{some}"}}[10s])', now - 3590, now, 10),
    )
    yield (
        "a metric of 24 h in 300 points",
        lambda: store.read("q0", names[:1], day),
        lambda: exchange.points(f"avg_over_time({match('q0', names[0])}[288s])", now - 86_112, now, 288),
    )
    yield (
        "a metric of 100 machines, the last 10 min",
        lambda: store.recent(everyone, recent),
        lambda: exchange.points(f'avg_over_time(mist{{metric="{names[0]}"}}[10s])', now - 590, now, 10),
    )


def _fill_there(exchange: Exchange, day: Rows, now: int) -> None:
    for n, name in enumerate(_NAMES):
        labels = {"__name__": "mist", "machine": "q0", "metric": name}
        exchange.write([(labels, [(START + 10 * at, float(value)) for at, value in enumerate(day[:, n])])])
    for k in range(1, MACHINES):
        exchange.write(_series(f"q{k}", [(now - 600 + 10 * n, day[n]) for n in range(60)]))


def _series(machine: str, rows: list[tuple[int, Row]]) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
    return [
        (
            {"__name__": "mist", "machine": machine, "metric": name},
            [(second, float(row[n])) for second, row in rows],
        )
        for n, name in enumerate(_NAMES)
    ]


async def _load_here(store: EmbeddedStore, now: int, stop: asyncio.Event) -> None:
    row, n = np.ones(SERIES), 0
    while not stop.is_set():
        n += 1
        await asyncio.gather(*(store.append(f"load{k}", _batch(row, now + n)) for k in range(5)))
        await asyncio.sleep(0.1)


async def _load_there(exchange: Exchange, now: int, stop: asyncio.Event) -> None:
    row = np.ones(SERIES)
    bodies = [[one for k in range(5) for one in _series(f"load{k}", [(now + n, row)])] for n in range(50)]
    n = 0
    while not stop.is_set():
        n += 1
        await asyncio.to_thread(exchange.write, bodies[n % len(bodies)])
        await asyncio.sleep(0.1)
