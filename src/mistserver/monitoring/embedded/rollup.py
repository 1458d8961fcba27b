"""Samples to points: rates of counters, and the average, lowest and highest of each stretch of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.samples import TIMES, Kind, Times, Values

LONGEST_GAP_S = 300  # between two values of a counter that still make a rate
_DIGITS = 5


class Buckets(NamedTuple):
    """One entry a stretch that holds anything; `times` are where stretches begin."""

    times: Times
    average: Values
    low: Values
    high: Values


def numbers(kind: Kind, times: Times, values: Values) -> tuple[Times, Values]:
    """What is shown of samples: gauges as they are, counters as rates. A counter that fell back was reset."""
    if kind is Kind.GAUGE or len(times) == 0:
        return times, values
    gaps = np.diff(times).astype(np.float64)
    grown = np.diff(values)
    sane = (grown >= 0) & (gaps <= LONGEST_GAP_S)
    return times[1:][sane], grown[sane] / gaps[sane]


def buckets(times: Times, values: Values, step: int, low: Values | None = None, high: Values | None = None) -> Buckets:
    """Stretches of `step` seconds counted from 1970; `low` and `high` where the values are averages themselves."""
    if len(times) == 0:
        nothing = np.empty(0)
        return Buckets(np.empty(0, TIMES), nothing, nothing, nothing)
    begins = times - times % np.uint32(step)
    first = np.flatnonzero(np.concatenate(([True], begins[1:] != begins[:-1])))
    counts = np.diff(np.append(first, len(times)))
    average = np.add.reduceat(values, first) / counts
    lowest = np.minimum.reduceat(values if low is None else low, first)
    highest = np.maximum.reduceat(values if high is None else high, first)
    return Buckets(begins[first], average, lowest, highest)


def rounded(values: Values) -> Values:
    """To five digits: what a graph can show of an average, in half the room."""
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** (_DIGITS - 1 - np.where(np.isfinite(magnitude), magnitude, 0))
    return np.round(values * scale) / scale


def on_grid(found: Buckets, grid: Times, step: int) -> tuple[Values, Values, Values]:
    """The buckets at their places on a grid of the same step; NaN elsewhere."""
    shown: list[Values] = [np.full(len(grid), np.nan) for _ in range(3)]
    if len(grid) and len(found.times):
        at: NDArray[np.int64] = (found.times.astype(np.int64) - int(grid[0])) // step
        inside = (at >= 0) & (at < len(grid))
        for target, values in zip(shown, found[1:], strict=True):
            target[at[inside]] = values[inside]
    return shown[0], shown[1], shown[2]
