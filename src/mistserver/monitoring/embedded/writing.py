"""Takes batches, writes them into the log together, and tells their senders when they are on the disk."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded.flushing import Flusher
from mistserver.monitoring.embedded.series import SLOTS, NewSeries, Post, Slots, joined, together
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import Batch, Taken, Times

log = logging.getLogger(__name__)

MOST_SERIES = 2000  # of one machine
_ORDERS = 256  # posts of one transaction
_TRIMMED = 500  # posts looked at in one go when the log is shortened
_REPLAYED = 64  # posts of the log taken up in one go
_CACHED = 200_000  # names of batches


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
        self._orders: SimpleQueue[list[_Order | None]] = SimpleQueue()
        self._gathered: list[_Order | None] = []  # what came in this turn of the event loop
        self._rows: dict[tuple[str, tuple[str, ...]], _Rows] = {}
        self._cached = 0  # names in them, or more
        self.droppable: Callable[[], int] | None = None  # up to which post the log may be shortened
        self._waiting: deque[Post] = deque()  # in the log, and not yet in the head
        self._grown = 0  # posts in the log since it was last shortened
        posts = state.hot.posts()
        while some := list(islice(posts, _REPLAYED)):
            self._grown += len(some)
            self._take_up(together(some))
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="metrics-write", daemon=True)
        self._thread.start()

    def append(self, machine: str, batch: Batch) -> asyncio.Future[Taken]:
        """From an event loop; the future belongs to it. Likewise `forget`."""
        return self._order(_Append(machine, asyncio.get_running_loop().create_future(), batch))

    def forget(self, machine: str) -> asyncio.Future[Taken]:
        return self._order(_Order(machine, asyncio.get_running_loop().create_future()))

    def end(self) -> None:
        """From the event loop: what was ordered before is done, and nothing is taken any more."""
        self._closed = True
        self._hand_over()

    def close(self) -> None:
        """Wait for what was ordered."""
        self._orders.put([None])
        self._thread.join()

    def _order(self, order: _Order) -> asyncio.Future[Taken]:
        if self._closed:
            raise Unavailable("The store of metrics is closed.")
        if not self._gathered:
            order.done.get_loop().call_soon(self._hand_over)
        self._gathered.append(order)
        return order.done

    def _hand_over(self) -> None:
        """All at once: waking the thread costs more than a post, and what comes together is one transaction."""
        if self._gathered:
            self._orders.put(self._gathered)
            self._gathered = []

    def _take_up(self, post: Post) -> None:
        """Of posts in the log, what is neither in a file nor of a machine that is gone."""
        if len(post.slots):
            self._state.avoid(int(post.slots.max()))
        self._waiting.append(self._state.head.claimed(post.only(self._state.alive(post.slots)))[0])
        self._catch_up()

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
        orders = self._orders.get()
        while len(orders) < _ORDERS and orders[-1] is not None:
            try:
                orders += self._orders.get_nowait()
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
        except Exception as error:
            log.exception("metrics cannot be kept")
            results = Unavailable(f"Metrics cannot be kept now ({type(error).__name__}).")
        loop = orders[0].done.get_loop()
        try:
            loop.call_soon_threadsafe(_tell, orders, results)
        except RuntimeError:
            log.debug("what was kept came after the end of the service")

    def _write(self, orders: Sequence[_Append]) -> list[Taken]:
        self._catch_up()  # as long as the head does not take what is acknowledged, nothing more is
        state, results, posts = self._state, list[Taken](), list[Post]()
        new: list[NewSeries] = []
        before: list[tuple[Slots, Times]] = []
        try:
            for order in orders:
                post, refused = self._post(order.machine, order.batch, new)
                before.append((post.slots, state.head.newest_of(post.slots)))
                chosen, taken = state.head.claimed(post)
                results.append(taken + refused)
                if len(chosen.slots):
                    posts.append(chosen)
            state.hot.write(new, posts)
        except BaseException:
            for slots, newest in reversed(before):
                state.head.unclaim(slots, newest)
            state.withdraw(new)
            self._rows.clear()
            raise
        self._waiting += joined(posts)
        self._grown += len(posts)
        self._after_write()
        return results

    def _after_write(self) -> None:
        """What was written is kept, whatever becomes of this."""
        try:
            self._catch_up()
            if self._grown >= _TRIMMED:
                self.trim()
        except (sqlite3.Error, OSError) as error:
            log.error("metrics stay in the log, they cannot be put into files: %s", error)

    def _post(self, machine: str, batch: Batch, new: list[NewSeries]) -> tuple[Post, Taken]:
        """The batch with rows for names, and what of it cannot be kept: too old, or of series too many."""
        rows = self._rows.get((machine, batch.names))
        if rows is None:
            rows = self._rows_of(machine, batch, new)
            self._cached += len(batch)
            if self._cached > _CACHED:
                self._rows.clear()
                self._cached = len(batch)
            self._rows[machine, batch.names] = rows
        post = Post(rows.slots, batch.times, batch.values, rows.distinct)
        oldest = self._state.now() - self._state.raw.level.kept
        late = batch.times < max(0, oldest)
        if rows.over is None and not late.any():
            return post, Taken()
        over = np.zeros(len(batch), bool) if rows.over is None else rows.over
        return post.only(~(over | late)), Taken(late=int((late & ~over).sum()), over_limit=int(over.sum()))

    def _rows_of(self, machine: str, batch: Batch, new: list[NewSeries]) -> _Rows:
        state = self._state
        with state.lock:
            found = dict(state.slots(machine))
            room = self._most_series - self._in_use(found)
            fresh: list[NewSeries] = []
            for name, kind in zip(batch.names, batch.kinds, strict=True):
                if name not in found and len(fresh) < room:
                    found[name] = state.next_slot() + len(fresh)
                    fresh.append(NewSeries(found[name], machine, name, kind))
            state.enter(fresh)
        new += fresh
        over = np.array([name not in found for name in batch.names], bool)
        slots = np.array([found.get(name, 0) for name in batch.names], SLOTS)
        return _Rows(slots, len(set(batch.names)) == len(batch.names), over if over.any() else None)

    def _in_use(self, slots: Mapping[str, int]) -> int:
        """How many series of a machine count for its limit: interfaces and containers of long ago do not."""
        newest = self._state.head.newest_of(np.fromiter(slots.values(), SLOTS, len(slots)))
        return int((newest >= max(0, self._state.now() - self._state.raw.level.kept)).sum())

    def _catch_up(self) -> None:
        """Put what is in the log into the head; what fails is tried again before anything else is taken."""
        while self._waiting:
            rounds = deque(self._waiting[0].rounds())
            while rounds:
                crowded = self._state.head.crowded(rounds[0].slots)
                if len(crowded):
                    self._waiting[0] = together(rounds)
                    self._flusher.flush(crowded.tolist())
                with self._state.lock:
                    self._state.head.add(rounds.popleft())
            self._waiting.popleft()

    def _forget(self, machine: str) -> list[Taken]:
        state = self._state
        self._catch_up()
        with self._flusher.still:
            self._rows = {key: rows for key, rows in self._rows.items() if key[0] != machine}
            state.hot.drop_series(machine)
            gone = state.leave(machine)
            for level in state.levels:
                level.forget(gone)
        return [Taken()]

    def trim(self) -> None:
        """Drop the oldest posts of the log as far as everything in them stands in files."""
        hot, last = self._state.hot, 0
        first = hot.after(0, 1)
        more = not first or self._stands_in_files(first[0][1])  # most often one of them tells it
        while more and (some := hot.after(last, _TRIMMED)):
            more = self._stands_in_files(together([post for _, post in some]))
            if not more:
                some = list(takewhile(lambda each: self._stands_in_files(each[1]), some))
            last = some[-1][0] if some else last
        if self.droppable:
            last = min(last, self.droppable())
        if last and self._state.raw.is_settled():
            hot.drop_posts(last)
        self._grown = 0

    def _stands_in_files(self, post: Post) -> bool:
        state = self._state
        alive = state.alive(post.slots)
        with state.lock:
            return bool((state.kept_until[post.slots[alive]] >= post.times[alive]).all())


def _tell(orders: Sequence[_Order], results: list[Taken] | Unavailable) -> None:
    """All at once: waking the loop costs more than a post."""
    for index, order in enumerate(orders):
        if order.done.done():
            continue
        if isinstance(results, Unavailable):
            order.done.set_exception(Unavailable(results.message))
        else:
            order.done.set_result(results[index])
