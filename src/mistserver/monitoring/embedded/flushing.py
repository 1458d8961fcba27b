"""Moves full rows of the head into files, merges the files of the past, and drops what is too old."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from mistserver.monitoring.embedded.chunk import Chunk, packed, times_of, values_of
from mistserver.monitoring.embedded.head import FULL
from mistserver.monitoring.embedded.partitions import Partition, Stored
from mistserver.monitoring.embedded.rollup import Buckets, buckets, numbers, rounded
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import Kind, Times, Values

log = logging.getLogger(__name__)

_SLICE = 64  # rows a transaction
_PAUSE_S = 1.0
OLDEST_S = 45 * 60  # a row whose first sample is older goes into a file though it is not full
_SETTLED_S = 75 * 60  # after its end nothing of a span is left in the head


class Flusher:
    """A thread of its own; `flush` may also be called by the writer, for rows that have no room left."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._one = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics-flush", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def flush_aged(self, age_s: int) -> None:
        """Full rows, and those that hold a sample as old as this."""
        with self._state.lock:
            due = self._state.head.due(self._state.now() - age_s)
        while len(due):
            self.flush(due.tolist())
            with self._state.lock:
                due = self._state.head.due(self._state.now() - age_s)

    def flush(self, slots: Sequence[int]) -> None:
        """Put what these rows hold into files and take it out of the head, a slice at a time."""
        for first in range(0, len(slots), _SLICE):
            with self._one:
                self._flush(slots[first : first + _SLICE])

    def tidy(self) -> None:
        """Merge the past, count it in the coarser levels, drop what is too old."""
        state = self._state
        with self._one:
            for start in state.raw.starts():
                closed = start + state.raw.level.span + _SETTLED_S < state.now()
                if closed and not state.raw.at(start).is_compact():
                    _compact(state, start)
            for level in (state.raw, state.minutes, state.hours):
                level.expire(state.now())

    def _work(self) -> None:
        while not self._ended.wait(_PAUSE_S):
            try:
                self.flush_aged(OLDEST_S)
                self.tidy()
            except (sqlite3.Error, OSError) as error:
                log.error("metrics stay in the log, they cannot be put into files: %s", error)

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


def _compact(state: State, start: int) -> None:
    """Every series of a span as one chunk, and its minutes and hours; done again, it comes to the same."""
    state.raw.replace(start, _merged(state, state.raw.at(start)))


def _merged(state: State, partition: Partition) -> Iterator[Stored]:
    series = sorted(partition.newest())
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
