"""Questions to the store of metrics and to its peers in turn, while 5 000 samples a second arrive at each."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.measure import Figure, ms
from benchmarks.peers import Peer, peers, post
from benchmarks.series import MACHINES, START, Row, Rows, at, batches, machine, rows
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import Window
from mistserver.monitoring.victoria.exchange import NAME, Exchange

_DAY = 8640  # posts
_LATELY = 60
_TOGETHER = 60  # samples of a series in one post to a peer
_LOADERS = 5  # machines that post every 0.1 s
_PAUSE_S = 0.1
_ASKED = ("load.shortterm", "memory.used", "memory.free", "memory.cached", "df.root.df_complex.used", "uptime")


class Question(NamedTuple):
    """`answer` asks ours; the rest is a query over time."""

    name: str
    answer: Callable[[], Awaitable[object]]
    query: str
    first: int
    last: int
    step: int


def figures(full: bool = False) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name, peers(Path(name)) as servers:
        yield from asyncio.run(_measured(Path(name) / "ours", servers, 300 if full else 60))


async def _measured(folder: Path, servers: Sequence[Peer], rounds: int) -> list[Figure]:
    clock = [float(START)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    made = machine(_DAY)
    day = rows(made)
    await _fill(store, clock, day)
    for peer in servers:
        await asyncio.to_thread(_fill_there, peer, made.names, day)
    now = int(clock[0]) + 10
    spawning = multiprocessing.get_context("spawn")
    over, stop = asyncio.Event(), spawning.Event()
    urls = [peer.server.url for peer in servers]
    there = spawning.Process(target=_load_there, args=(urls, now, stop), daemon=True)
    there.start()
    await asyncio.sleep(2)  # until it writes
    here = asyncio.create_task(_load_here(store, now, over))
    try:
        found = [figure for question in _questions(store, now) for figure in await _asked(question, servers, rounds)]
        assert there.is_alive(), "nothing arrived at the peers"
        assert not here.done(), "nothing arrived at ours"
        return found
    finally:
        over.set()
        stop.set()
        await here
        await asyncio.to_thread(there.join)
        await store.close()


async def _asked(question: Question, servers: Sequence[Peer], rounds: int) -> list[Figure]:
    took: dict[str, list[float]] = {"": [], **{peer.name: [] for peer in servers}}
    for _ in range(rounds):
        began = time.perf_counter()
        await question.answer()
        took[""].append(time.perf_counter() - began)
        for peer in servers:
            began = time.perf_counter()
            found = await asyncio.to_thread(peer.exchange.points, *question[2:])
            took[peer.name].append(time.perf_counter() - began)
            assert found, question
        await asyncio.sleep(0.02)
    figures = []
    for quantile, limit in ((0.5, 1.0), (0.95, 2.0)):
        ours, *theirs = (float(np.quantile(times, quantile)) for times in took.values())
        for peer, its in zip(servers, theirs, strict=True):
            name = f"{question.name}, p{quantile * 100:g} : {peer.name}'"
            figures.append(Figure(name, ours / its, limit, ms(ours), ms(its)))
    return figures


def _questions(store: EmbeddedStore, now: int) -> Iterator[Question]:
    hour, day, lately = Window(now - 3600, now, 10), Window(now - 86_400, now, 288), Window(now - 600, now, 10)
    everyone = [(f"q{k}", _ASKED[0]) for k in range(MACHINES)]
    some, one = "|".join(_ASKED), _ASKED[0]
    yield Question(
        "6 metrics of the last hour",
        lambda: store.read("q0", _ASKED, hour),
        f'avg_over_time({NAME}{{machine="q0",metric=~"{some}"}}[10s])',
        *(now - 3590, now, 10),
    )
    yield Question(
        "a metric of 24 h in 300 points",
        lambda: store.read("q0", [one], day),
        f'avg_over_time({NAME}{{machine="q0",metric="{one}"}}[288s])',
        *(now - 86_112, now, 288),
    )
    yield Question(
        "a metric of 100 machines, the last 10 min",
        lambda: store.recent(everyone, lately),
        f'avg_over_time({NAME}{{metric="{one}"}}[10s])',
        *(now - 590, now, 10),
    )


async def _fill(store: EmbeddedStore, clock: list[float], day: Rows) -> None:
    """A day of one machine, and the last ten minutes of the others."""
    of = batches(machine(1))
    for n, row in enumerate(day):
        clock[0] = float(at(n))
        await store.append("q0", of(row, at(n)))
        if n >= _DAY - _LATELY:
            await asyncio.gather(*(store.append(f"q{k}", of(row, at(n))) for k in range(1, MACHINES)))


def _fill_there(peer: Peer, names: Sequence[str], day: Rows) -> None:
    """In the order of time, as Prometheus wants it."""
    for first in range(0, _DAY, _TOGETHER):
        some = [(at(n), day[n]) for n in range(first, first + _TOGETHER)]
        peer.exchange.write(post("q0", names, some))
    for k in range(1, MACHINES):
        peer.exchange.write(post(f"q{k}", names, [(at(n), day[n]) for n in range(_DAY - _LATELY, _DAY)]))


async def _load_here(store: EmbeddedStore, now: int, over: asyncio.Event) -> None:
    made = machine(50)
    of, values, n = batches(made), rows(made), 0
    while not over.is_set():
        row: Row = values[n % len(values)]
        n += 1
        await asyncio.gather(*(store.append(f"load{k}", of(row, now + n)) for k in range(_LOADERS)))
        await asyncio.sleep(_PAUSE_S)


def _load_there(urls: Sequence[str], now: int, stop: Event) -> None:
    """In a process of its own, which takes nothing from ours."""
    exchanges, made, n = [Exchange(url) for url in urls], machine(50), 0
    values = rows(made)
    while not stop.is_set():
        began = time.monotonic()
        row: Row = values[n % len(values)]
        n += 1
        body = [each for k in range(_LOADERS) for each in post(f"load{k}", made.names, [(now + n, row)])]
        for exchange in exchanges:
            exchange.write(body)
        stop.wait(max(0.0, began + _PAUSE_S - time.monotonic()))
