"""Points of a window, from the finest level that still has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from mistserver.monitoring.embedded.chunk import Chunk, times_of, values_of
from mistserver.monitoring.embedded.flushing import samples_of
from mistserver.monitoring.embedded.partition import Stored
from mistserver.monitoring.embedded.partitions import Partitions
from mistserver.monitoring.embedded.rollup import LONGEST_GAP_S, Buckets, buckets, numbers, on_grid
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.samples import Answer, Kind, Points, Times, Values, Window


def read(state: State, machine: str, names: Sequence[str], window: Window) -> Answer:
    """See `MetricStore.read`. The window is widened to whole steps, and its step to what the level has."""
    with state.lock:
        slots = {name: slot for name in names if (slot := state.slots(machine).get(name)) is not None}
        kinds = {slot: state.kinds[slot] for slot in slots.values()}
    wide = widened(state, window)
    found = _buckets(state, list(slots.values()), wide)
    grid = wide.grid()
    points = [Points(name, kinds[slot], *on_grid(found[slot], grid, wide.step)) for name, slot in slots.items()]
    return Answer(wide, points)


def widened(state: State, window: Window) -> Window:
    """Whole steps, counted from 1970; steps of at least the finest level that reaches back to the start."""
    least = max(1, _level(state, window).level.step)
    step = -(-window.step // least) * least
    return Window(window.start - window.start % step, window.stop, step)


def _level(state: State, window: Window) -> Partitions:
    now = state.now()
    if window.start >= now - state.raw.level.kept:
        return state.raw
    by_minute = window.start >= now - state.minutes.level.kept and window.step % state.hours.level.step
    return state.minutes if by_minute else state.hours


def _buckets(state: State, slots: Sequence[int], window: Window) -> dict[int, Buckets]:
    """From the coarse level as far as it is counted, from samples after that."""
    level = _level(state, window)
    counted = window.start if level is state.raw else _counted_until(state, window)
    fine = _from_samples(state, slots, Window(counted, max(counted, window.stop), window.step))
    if counted == window.start:
        return fine
    coarse = _from_points(level, slots, Window(window.start, counted, window.step))
    return {slot: _joined(coarse[slot], fine[slot]) for slot in slots}


def _counted_until(state: State, window: Window) -> int:
    """Where the first span begins that is not yet counted in the coarser levels."""
    open_spans = (start for start, partition in state.raw.there() if not partition.is_compact())
    until = min(next(open_spans, window.stop), window.stop)
    return max(window.start, until - until % window.step)


def _from_samples(state: State, slots: Sequence[int], window: Window) -> dict[int, Buckets]:
    found = samples(state, slots, window)
    return {slot: as_buckets(*found[slot], window) for slot in slots}


def samples(state: State, slots: Sequence[int], window: Window) -> dict[int, tuple[Kind | None, Times, Values]]:
    """What a window needs of each series, as it came. None for one that has just been forgotten."""
    since = max(0, window.start - LONGEST_GAP_S)  # a rate needs the sample before
    with state.lock:  # before the files: what moves there meanwhile is seen twice and not missed
        rows = [(slot, state.kinds.get(slot), *state.head.row(slot)) for slot in slots]
    stored = dict(_by_series(state.raw.read(slots, since, window.stop)))
    found = {}
    for slot, kind, head_times, head_values in rows:
        times, values = head_times, head_values
        if slot in stored:
            old_times, old_values = samples_of(stored[slot])
            fresh = head_times > old_times[-1]  # what has just moved into a file may stand in both
            times = np.concatenate([old_times, head_times[fresh]])
            values = np.concatenate([old_values, head_values[fresh]])
        near = (times >= since) & (times < window.stop)
        found[slot] = (kind, times[near], values[near])
    return found


def as_buckets(kind: Kind | None, times: Times, values: Values, window: Window) -> Buckets:
    """Samples of a series on the steps of a window; counters as rates."""
    shown_times, shown = numbers(kind, times, values) if kind is not None else (times[:0], values[:0])
    inside = shown_times >= window.start
    return buckets(shown_times[inside], shown[inside], window.step)


def _from_points(level: Partitions, slots: Sequence[int], window: Window) -> dict[int, Buckets]:
    nothing = buckets(np.empty(0, np.uint32), np.empty(0), window.step)
    found = dict.fromkeys(slots, nothing)
    for slot, rows in _by_series(level.read(slots, window.start, window.stop)):
        times, average, low, high = _in_order(_joined(*map(_points, rows)))
        inside = (times >= window.start) & (times < window.stop)
        found[slot] = buckets(times[inside], average[inside], window.step, low[inside], high[inside])
    return found


def _in_order(points: Buckets) -> Buckets:
    """By time: what was saved of a damaged file may have been counted a second time."""
    order = np.argsort(points.times, kind="stable")
    return Buckets(points.times[order], points.average[order], points.low[order], points.high[order])


def _points(row: Stored) -> Buckets:
    columns = [Chunk(*row[1:6], column) for column in (row.average, row.low, row.high)]
    return Buckets(times_of(columns[0]), *(values_of(column) for column in columns))


def _by_series(rows: list[Stored]) -> list[tuple[int, list[Stored]]]:
    ordered = sorted(rows, key=lambda row: row[:2])
    return [(slot, list(some)) for slot, some in groupby(ordered, key=lambda row: row.series)]


def _joined(*parts: Buckets) -> Buckets:
    return Buckets(*(np.concatenate([part[column] for part in parts]) for column in range(4)))
