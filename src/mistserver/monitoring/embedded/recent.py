"""The newest samples of many series at once: from the head, and from files only what has just moved there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.embedded.flushing import samples_of
from mistserver.monitoring.embedded.rollup import LONGEST_GAP_S
from mistserver.monitoring.embedded.series import SLOTS
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import TIMES, VALUES, Kind, Sent, Times, Values, Window

_SLICE = 512  # series copied while the lock is held

Rows = NDArray[np.intp]


def sent(state: State, machines: Sequence[str]) -> dict[str, Sent]:
    """See `MetricStore.sent`."""
    found = {}
    for machine in machines:
        with state.lock:
            slots = state.slots(machine)
            newest = state.head.newest_of(np.fromiter(slots.values(), SLOTS, len(slots)))
            found[machine] = Sent(tuple(slots), int(newest.max(initial=0)))
    return found


def recent(state: State, series: Sequence[tuple[str, str]], window: Window) -> Values:
    """See `MetricStore.recent`."""
    row_of = {each: row for row, each in enumerate(dict.fromkeys(series))}
    distinct = list(row_of)
    found: Values = np.full((len(distinct), len(window)), np.nan)
    for first in range(0, len(distinct), _SLICE):
        found[first : first + _SLICE] = _some(state, distinct[first : first + _SLICE], window)
    return found if len(distinct) == len(series) else found[[row_of[each] for each in series]]


def _some(state: State, series: Sequence[tuple[str, str]], window: Window) -> Values:
    since = max(0, window.start - LONGEST_GAP_S)  # a rate needs the sample before
    with state.lock:
        slots = [state.slots(machine).get(name) for machine, name in series]
        there = np.flatnonzero([slot is not None for slot in slots])
        numbers = np.array([slot for slot in slots if slot is not None], SLOTS)
        counting = np.array([state.kinds[int(slot)] is Kind.COUNTER for slot in numbers], bool)
        moved = there[state.kept_until[numbers] >= window.start]
        rows, times, values = state.head.samples(numbers, since, window.stop)
    rows = there[rows]
    if len(moved):
        of_slot = {int(numbers[np.searchsorted(there, row)]): int(row) for row in moved}
        old = _from_files(state, of_slot, since, window)
        rows, times, values = _in_order(
            np.concatenate([old[0], rows]), np.concatenate([old[1], times]), np.concatenate([old[2], values])
        )
    counters = np.zeros(len(series), bool)
    counters[there] = counting
    return _averages(*_rates(counters, rows, times, values), (len(series), window))


def _from_files(state: State, rows: dict[int, int], since: int, window: Window) -> tuple[Rows, Times, Values]:
    found: list[tuple[Rows, Times, Values]] = [(np.empty(0, np.intp), np.empty(0, TIMES), np.empty(0, VALUES))]
    for stored in state.raw.read(list(rows), since, window.stop):
        times, values = samples_of([stored])
        near = (times >= since) & (times < window.stop)
        found.append((np.full(int(near.sum()), rows[stored.series]), times[near], values[near]))
    all_rows, all_times, all_values = (np.concatenate(column) for column in zip(*found, strict=True))
    return all_rows, all_times, all_values


def _in_order(rows: Rows, times: Times, values: Values) -> tuple[Rows, Times, Values]:
    """By row and time; what stands both in a file and in the head, once."""
    order = np.lexsort((times, rows))
    rows, times, values = rows[order], times[order], values[order]
    first = np.concatenate(([True], (np.diff(rows) != 0) | (np.diff(times) != 0)))
    return rows[first], times[first], values[first]


def _rates(counters: NDArray[np.bool_], rows: Rows, times: Times, values: Values) -> tuple[Rows, Times, Values]:
    """Gauges as they are, counters as rates; one that fell back was reset (see `rollup.numbers`)."""
    counting = counters[rows]
    if not counting.any():
        return rows, times, values
    gaps = np.diff(times.astype(np.int64), prepend=0).astype(np.float64)
    grown = np.diff(values, prepend=0.0)
    follows = np.diff(rows, prepend=-1) == 0
    sane = follows & (grown >= 0) & (gaps > 0) & (gaps <= LONGEST_GAP_S)
    shown = np.where(counting, grown / np.where(gaps > 0, gaps, 1.0), values)
    kept = ~counting | sane
    return rows[kept], times[kept], shown[kept]


def _averages(rows: Rows, times: Times, values: Values, shape: tuple[int, Window]) -> Values:
    height, window = shape
    width = len(window)
    inside = (times >= window.start) & (times < window.stop)
    at = rows[inside] * width + (times[inside].astype(np.int64) - window.start) // window.step
    count = np.bincount(at, minlength=height * width)
    total = np.bincount(at, weights=values[inside], minlength=height * width)
    with np.errstate(invalid="ignore", divide="ignore"):
        averages: Values = (total / count).reshape(height, width)
    return averages
