"""Samples as they come from a machine, and as they are read again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.uint32]  # seconds since 1970, UTC
Values = NDArray[np.float64]

TIMES = np.dtype(np.uint32)
VALUES = np.dtype(np.float64)


class Kind(IntEnum):
    """What the numbers of a series are. A counter only grows, but for restarts; it is read as a rate per second."""

    GAUGE = 0
    COUNTER = 1


@dataclass(frozen=True)
class Batch:
    """What one post holds of one machine: a sample a line, `names[i]` being its series.

    The values are finite, the names distinct or in the order of their times.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    times: Times
    values: Values

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.kinds) == len(self.times) == len(self.values):
            raise ValueError("a batch has as many names, kinds, times and values")

    def __len__(self) -> int:
        return len(self.names)


def batch(lines: list[tuple[str, Kind, int, float]]) -> Batch:
    """A batch of (series, kind, second, value)."""
    names, kinds, times, values = zip(*lines, strict=True) if lines else ((), (), (), ())
    return Batch(tuple(names), tuple(kinds), np.array(times, TIMES), np.array(values, VALUES))


@dataclass(frozen=True)
class Taken:
    """What became of a batch. `late` are older than the newest sample of their series, `repeated` as old as it."""

    accepted: int = 0
    late: int = 0
    repeated: int = 0
    over_limit: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.accepted + other.accepted,
            self.late + other.late,
            self.repeated + other.repeated,
            self.over_limit + other.over_limit,
        )


@dataclass(frozen=True)
class Window:
    """Which points are wanted: one each `step` seconds from `start` (included) to `stop` (not included)."""

    start: int
    stop: int
    step: int

    def __post_init__(self) -> None:
        if self.step < 1 or self.stop < self.start:
            raise ValueError("a window has a step of at least a second and ends after it begins")

    def grid(self) -> Times:
        return np.arange(self.start, self.stop, self.step, dtype=TIMES)

    def __len__(self) -> int:
        return max(0, -(-(self.stop - self.start) // self.step))


@dataclass(frozen=True)
class Points:
    """One series on the grid of a window; NaN where there was nothing. Counters are rates."""

    name: str
    kind: Kind
    average: Values
    low: Values
    high: Values


@dataclass(frozen=True)
class Answer:
    """What was read, on the grid of `window`: the one that was asked for, widened to what is kept."""

    window: Window
    points: list[Points]


@dataclass(frozen=True)
class Known:
    """A series of a machine, and the second of its newest sample."""

    name: str
    kind: Kind
    newest: int


@dataclass(frozen=True)
class Sent:
    """What a machine has sent so far: its series, and the second of its newest sample (0: none)."""

    names: tuple[str, ...]
    newest: int


def empty(window: Window) -> Values:
    return np.full(len(window), np.nan)


def as_list(values: Values) -> list[Any]:
    """For JSON, which has no NaN."""
    return [None if value != value else value for value in values.tolist()]
