"""Moves full rows of the head into files, merges the files of the past, and drops what is too old."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from mistserver.monitoring.embedded import damage
from mistserver.monitoring.embedded.chunk import Chunk, packed, times_of, values_of
from mistserver.monitoring.embedded.copying import Holding
from mistserver.monitoring.embedded.head import FULL
from mistserver.monitoring.embedded.partition import Partition, Stored
from mistserver.monitoring.embedded.rollup import Buckets, buckets, numbers, rounded
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import Kind, Times, Values

log = logging.getLogger(__name__)

_SLICE = 64  # rows a transaction: a writer waits for no more
_PAUSE_S = 1.0
OLDEST_S = 45 * 60  # a row whose first sample is older goes into a file though it is not full
_SETTLED_S = 75 * 60  # after its end nothing of a span is left in the head


class Flusher:
    """A thread of its own; `flush` may also be called by the writer, for rows that have no room left.

    While somebody holds `still`, nothing moves from the head into files.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.still = threading.Lock()
        self._tidying = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics-flush", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def flush_aged(self, age_s: int) -> None:
        """Full rows, and those that hold a sample as old as this."""
        with self._state.lock:
            due = self._state.head.due(self._state.now() - age_s)
        while len(due) and not self._ended.is_set():
            self.flush(due.tolist())
            with self._state.lock:
                due = self._state.head.due(self._state.now() - age_s)
        self._state.raw.settle()

    def flush(self, slots: Sequence[int]) -> None:
        """Put what these rows hold into files and take it out of the head, a slice at a time."""
        for first in range(0, len(slots), _SLICE):
            with self.still:
                self._flush(slots[first : first + _SLICE])

    def tidy(self) -> None:
        """Merge the past, count it in the coarser levels, drop what is too old."""
        state = self._state
        with self._tidying:
            for start, partition in state.raw.there():
                closed = start + state.raw.level.span + _SETTLED_S < state.now()
                if closed and not partition.is_compact() and not self._ended.is_set():
                    self._compact(start, partition)
            now = state.latest()
            with self.still, Holding(state.folder, exchange=True) as had:
                for level in state.levels if had else ():
                    level.expire(now)

    def _work(self) -> None:
        self._guarded(self._look_for_damage)
        while not self._ended.wait(_PAUSE_S):
            self._guarded(lambda: self.flush_aged(OLDEST_S))
            self._guarded(self.tidy)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (sqlite3.Error, OSError) as error:
            log.error("metrics stay in the log, they cannot be put into files: %s", error)
        except Exception:
            log.exception("metrics stay in the log, they cannot be put into files")

    def _look_for_damage(self) -> None:
        """What nobody reads would be found too late, when no copy is at hand any more."""
        for level in self._state.levels:
            for _, partition in level.there():
                if self._ended.is_set():
                    return
                if not damage.is_whole(partition.path):
                    log.error("the file of metrics %s is damaged", partition.path.name)
                    partition.repair()

    def _flush(self, slots: Sequence[int]) -> None:
        state, rows, moved = self._state, [], []
        for slot in slots:
            with state.lock:
                times, values = state.head.row(slot)
            count = min(len(times), FULL)
            if count:
                rows.append(_stored(slot, packed(times[:count], values[:count])))
                moved.append((slot, count, int(times[count - 1])))
        state.raw.write(rows)
        with state.lock:
            for slot, count, end in moved:
                state.head.drop(slot, count)
                state.is_kept(slot, end)

    def _compact(self, start: int, partition: Partition) -> None:
        """Every series of a span as one chunk, and its minutes and hours; done again, it comes to the same."""
        writes = partition.writes
        new = self._state.raw.replacement(start, _merged(self._state, partition))
        counted = self._state.minutes.settle() and self._state.hours.settle()
        with self.still, Holding(self._state.folder, exchange=True) as had:
            if had and counted and partition.writes == writes:
                partition.take(new)
                return
        damage.remove(new)  # something came meanwhile, or a backup is being made: the next time


def _stored(slot: int, chunk: Chunk) -> Stored:
    return Stored(slot, *chunk)


def samples_of(rows: Iterable[Stored]) -> tuple[Times, Values]:
    """The samples of chunks of one series, in their order."""
    times, values = [], []
    for row in rows:
        chunk = Chunk(*row[1:6], row.average)
        times.append(times_of(chunk))
        values.append(values_of(chunk))
    return np.concatenate(times), np.concatenate(values)


def _merged(state: State, partition: Partition) -> Iterator[Stored]:
    series = sorted(slot for slot in partition.newest() if slot in state.kinds)
    for first in range(0, len(series), _SLICE):
        some, minutes, hours = series[first : first + _SLICE], [], []
        for slot, rows in groupby(partition.read(some, 0, 2**32), key=lambda row: row.series):
            times, values = samples_of(rows)
            yield _stored(slot, packed(times, values))
            by_minute = buckets(*numbers(state.kinds.get(slot, Kind.GAUGE), times, values), state.minutes.level.step)
            if slot in state.kinds and len(by_minute.times):
                times, *averaged = by_minute
                minutes.append(_points(slot, by_minute))
                hours.append(_points(slot, buckets(times, averaged[0], state.hours.level.step, *averaged[1:])))
        state.minutes.write(minutes)
        state.hours.write(hours)


def _points(slot: int, found: Buckets) -> Stored:
    average, low, high = (packed(found.times, rounded(values)) for values in found[1:])
    return Stored(slot, *average[:5], average.values, low.values, high.values)
