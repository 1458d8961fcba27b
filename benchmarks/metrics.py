"""The store of metrics: durable posts beside the peers', waits for its own locks, reopening."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, ms
from benchmarks.peers import cpu_of_posts, peers, post
from benchmarks.series import MACHINES, SERIES, START, batches, machine, rows
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import Batch

_THERE = 30  # posts of each machine to a peer
_REOPENED_AT = START + 10_000.0


def figures(full: bool = False) -> Iterator[Figure]:
    # enough that every row of the head is once full and moves into a file
    posts = 720 if full else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, waits = asyncio.run(_posted(folder / "posts", posts))
        yield Figure(
            "a write waits for our own locks, ms at p99.9",
            float(np.quantile(waits, 0.999)) * 1000,
            20,
            ms(float(np.quantile(waits, 0.999))),
            "20 ms",
            notes={"longest": ms(max(waits)), "waits": len(waits)},
        )
        clean, killed = asyncio.run(_reopened(folder / "posts"))
        yield Figure("reopen after kill : 2 clean reopens + 1 s", killed / (2 * clean + 1), 1, ms(killed), ms(clean))
        with peers(folder / "peers") as servers:
            for peer in servers:
                theirs = _THERE * MACHINES * SERIES / cpu_of_posts(peer, _bodies())
                yield Figure(
                    f"samples a CPU second, durable posts of {SERIES} : {peer.name}'",
                    ours / theirs,
                    2,
                    f"{ours:.0f}",
                    f"{theirs:.0f}",
                    at_least=True,
                    notes={"ours": "synced to the disk, called in its process", "its": "not synced, over HTTP"},
                )


def _bodies() -> list[list[tuple[dict[str, str], list[tuple[int, float]]]]]:
    made = machine(_THERE)
    return [
        post(f"m{k}", made.names, [(START + 10 * n, row)]) for n, row in enumerate(rows(made)) for k in range(MACHINES)
    ]


async def _posted(folder: Path, posts: int) -> tuple[float, list[float]]:
    """Samples a second of this process' CPU when posts of all machines come at once, with their way into files.

    And how long writes wait for our own locks while rows of all machines move into files and files are merged.
    """
    clock = [float(START)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    made = machine(posts)
    of, values = batches(made), rows(made)
    began, count = time.process_time(), 0
    for n, row in enumerate(values):
        clock[0] = START + 10.0 * n
        count += await _all_post(store, of(row, int(clock[0])))
    await asyncio.to_thread(store.flush_aged)
    per_s = count / (time.process_time() - began)
    waits = await _waits(store, clock, of(values[0], START))
    await store.close()
    return per_s, waits


async def _all_post(store: EmbeddedStore, batch: Batch) -> int:
    taken = await asyncio.gather(*(store.append(f"m{k}", batch) for k in range(MACHINES)))
    assert all(each.accepted == SERIES for each in taken)
    return MACHINES * SERIES


async def _waits(store: EmbeddedStore, clock: list[float], like: Batch) -> list[float]:
    locks = [Timed(store._state.lock), Timed(store._flusher.still)]
    store._state.lock, store._flusher.still = locks  # type: ignore[assignment]

    def move() -> None:  # once: the rows are never empty while posts come
        store._flusher.flush(range(MACHINES * SERIES))
        store.tidy()

    moving = asyncio.create_task(asyncio.to_thread(move))
    while not moving.done():
        clock[0] += 1
        times = np.full(SERIES, int(clock[0]), like.times.dtype)
        await _all_post(store, Batch(like.names, like.kinds, times, like.values))
    await moving
    return [wait for lock in locks for wait in lock.waits]


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
    """Seconds to open the store as it was closed, and as a kill leaves it: the quickest of some of each.

    Before each kill posts of all machines were acknowledged a moment ago.
    """
    clean, killed = [], []
    for turn in range(3):
        clean.append(await _opened(folder))
        child = os.fork()
        if child == 0:
            _fill_and_die(folder, turn)
        os.waitpid(child, 0)
        killed.append(await _opened(folder))
    return min(clean), min(killed)


async def _opened(folder: Path) -> float:
    began = time.perf_counter()
    store = EmbeddedStore(folder, clock=lambda: _REOPENED_AT)
    took = time.perf_counter() - began
    await store.close()
    return took


def _fill_and_die(folder: Path, turn: int) -> None:
    async def fill() -> None:
        store = EmbeddedStore(folder, clock=lambda: _REOPENED_AT)
        made = machine(30)
        of = batches(made)
        for n, row in enumerate(rows(made)):
            await _all_post(store, of(row, START + 9_000 + 30 * turn + n))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(fill())
    os._exit(9)  # as a kill: nothing is closed
