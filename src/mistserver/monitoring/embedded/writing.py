"""Takes batches, writes them into the log together, and tells their senders when they are on the disk."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded.flushing import Flusher
from mistserver.monitoring.embedded.hot import SLOTS, NewSeries, Post, Slots
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import Batch, Taken, Times

log = logging.getLogger(__name__)

MOST_SERIES = 2000  # of one machine
_TOGETHER = 256  # posts of one transaction
_TRIMMED = 500  # posts looked at in one go when the log is shortened
_CACHED = 4096
_TRIM_EVERY = 64  # transactions


@dataclass
class _Order:
    machine: str
    done: asyncio.Future[Taken]


class _Rows(NamedTuple):
    """Where the names of a batch stand; `over` marks those of series too many."""

    slots: Slots
    distinct: bool
    over: NDArray[np.bool_] | None


@dataclass
class _Append(_Order):
    batch: Batch


class Writer:
    """A thread of its own, the only one that writes the log and adds to the head."""

    def __init__(self, state: State, flusher: Flusher, most_series: int = MOST_SERIES) -> None:
        self._state = state
        self._flusher = flusher
        self._most_series = most_series
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._rows: dict[tuple[str, tuple[str, ...]], _Rows] = {}
        self._written = 0
        for post in state.hot.posts():
            self._add(self._again(post))
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="metrics-write", daemon=True)
        self._thread.start()

    def append(self, machine: str, batch: Batch) -> asyncio.Future[Taken]:
        """From an event loop; the future belongs to it. Likewise `forget`."""
        return self._order(_Append(machine, asyncio.get_running_loop().create_future(), batch))

    def forget(self, machine: str) -> asyncio.Future[Taken]:
        return self._order(_Order(machine, asyncio.get_running_loop().create_future()))

    def close(self) -> None:
        """What was ordered before is done."""
        self._closed = True
        self._orders.put(None)
        self._thread.join()

    def _order(self, order: _Order) -> asyncio.Future[Taken]:
        if self._closed:
            raise Unavailable("The store of metrics is closed.")
        self._orders.put(order)
        return order.done

    def _again(self, post: Post) -> Post:
        """Of a post in the log, what is neither in a file nor of a machine that is gone."""
        known = np.array([slot in self._state.kinds for slot in post.slots.tolist()], bool)
        return self._state.head.claimed(post.only(known))[0]

    def _work(self) -> None:
        ended = False
        while not ended:
            orders = self._next()
            appends = [order for order in orders if isinstance(order, _Append)]
            if appends:
                self._settle(appends, partial(self._write, appends))
            for order in orders:
                if order is not None and not isinstance(order, _Append):
                    self._settle([order], partial(self._forget, order.machine))
            ended = None in orders

    def _next(self) -> list[_Order | None]:
        orders = [self._orders.get()]
        while len(orders) < _TOGETHER and orders[-1] is not None:
            try:
                orders.append(self._orders.get_nowait())
            except Empty:
                break
        return orders

    def _settle(self, orders: Sequence[_Order], work: Callable[[], list[Taken]]) -> None:
        results: list[Taken] | Unavailable
        try:
            results = work()
        except (sqlite3.Error, OSError) as error:
            log.error("metrics cannot be kept: %s", error)
            results = Unavailable(f"Metrics cannot be kept now ({error}); is the disk full?")
        loop = orders[0].done.get_loop()
        try:
            loop.call_soon_threadsafe(_tell, orders, results)
        except RuntimeError:
            log.debug("what was kept came after the end of the service")

    def _write(self, orders: Sequence[_Append]) -> list[Taken]:
        state, results, posts = self._state, list[Taken](), list[Post]()
        new: list[NewSeries] = []
        before: list[tuple[Slots, Times]] = []
        for order in orders:
            post, over = self._post(order.machine, order.batch, new)
            before.append((post.slots, state.head.newest_of(post.slots)))
            chosen, taken = state.head.claimed(post)
            results.append(taken + Taken(over_limit=over))
            if len(chosen.slots):
                posts.append(chosen)
        try:
            state.hot.write(new, posts)
        except BaseException:
            for slots, newest in reversed(before):
                state.head.unclaim(slots, newest)
            state.withdraw(new)
            self._rows.clear()
            raise
        for post in posts:
            self._add(post)
        self._written += 1
        if self._written % _TRIM_EVERY == 0:
            self.trim()
        return results

    def _post(self, machine: str, batch: Batch, new: list[NewSeries]) -> tuple[Post, int]:
        """The batch with rows for names, and how many samples are of series too many."""
        rows = self._rows.get((machine, batch.names))
        if rows is None:
            rows = self._rows_of(machine, batch, new)
            if len(self._rows) > _CACHED:
                self._rows.clear()
            self._rows[machine, batch.names] = rows
        post = Post(rows.slots, batch.times, batch.values, rows.distinct)
        return (post, 0) if rows.over is None else (post.only(~rows.over), int(rows.over.sum()))

    def _rows_of(self, machine: str, batch: Batch, new: list[NewSeries]) -> _Rows:
        state = self._state
        found = dict(state.slots(machine))
        fresh: list[NewSeries] = []
        for name, kind in zip(batch.names, batch.kinds, strict=True):
            if name not in found and len(found) < self._most_series:
                found[name] = state.next_slot() + len(fresh)
                fresh.append(NewSeries(found[name], machine, name, kind))
        with state.lock:
            state.enter(fresh)
        new += fresh
        over = np.array([name not in found for name in batch.names], bool)
        slots = np.array([found.get(name, 0) for name in batch.names], SLOTS)
        return _Rows(slots, len(set(batch.names)) == len(batch.names), over if over.any() else None)

    def _add(self, post: Post) -> None:
        crowded = self._state.head.crowded(post)
        if len(crowded):
            self._flusher.flush(crowded.tolist())
        with self._state.lock:
            self._state.head.add(post)

    def _forget(self, machine: str) -> list[Taken]:
        state = self._state
        self._rows = {key: rows for key, rows in self._rows.items() if key[0] != machine}
        state.hot.drop_series(machine)
        gone = state.leave(machine)
        for level in (state.raw, state.minutes, state.hours):
            level.forget(gone)
        return [Taken()]

    def trim(self) -> None:
        """Drop the oldest posts of the log as far as everything in them stands in files."""
        state, last = self._state, None
        for seq, post in state.hot.oldest(_TRIMMED):
            with state.lock:
                kept = all(
                    slot not in state.kinds or state.kept_until[slot] >= at
                    for slot, at in zip(post.slots.tolist(), post.times.tolist(), strict=True)
                )
            if not kept:
                break
            last = seq
        if last is not None:
            state.hot.drop_posts(last)


def _tell(orders: Sequence[_Order], results: list[Taken] | Unavailable) -> None:
    """All at once: waking the loop costs more than a post."""
    for index, order in enumerate(orders):
        if order.done.done():
            continue
        if isinstance(results, Unavailable):
            order.done.set_exception(Unavailable(results.message))
        else:
            order.done.set_result(results[index])
