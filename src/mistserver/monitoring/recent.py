"""The last minutes of metrics of many machines, as one matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from mistserver.monitoring import virtual
from mistserver.monitoring.samples import Sent, Values, Window
from mistserver.monitoring.storage import MetricStore

STEP_S = 10

Place = tuple[str, str]  # a machine and a metric of it


def last(window_s: int, now: int) -> Window:
    """The newest window of whole steps that is over."""
    stop = now - now % STEP_S
    return Window(max(0, stop - -(-window_s // STEP_S) * STEP_S), stop, STEP_S)


async def points(store: MetricStore, places: Sequence[Place], sent: Mapping[str, Sent], window: Window) -> Values:
    """A row for each place. Metrics that Mist makes itself have a point where all that they are made of has one."""
    found: Values = np.full((len(places), len(window)), np.nan)
    plain: list[int] = []
    made: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for row, (machine, metric) in enumerate(places):
        sources = _sources(virtual.meant(metric), sent[machine].names) if machine in sent else ()
        if len(sources) == 1 and sources[0] == virtual.meant(metric):
            plain.append(row)
        elif sources:
            made[virtual.meant(metric), sources].append(row)
    series = [(places[row][0], virtual.meant(places[row][1])) for row in plain]
    series += [(places[row][0], name) for (_, names), rows in made.items() for row in rows for name in names]
    read = await store.recent(series, window)
    found[plain] = read[: len(plain)]
    at = len(plain)
    for (metric, names), rows in made.items():
        some = read[at : at + len(rows) * len(names)].reshape(len(rows), len(names), len(window))
        found[rows] = _made(metric, names, some)
        at += len(rows) * len(names)
    return found


@lru_cache(maxsize=16384)
def _sources(metric: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(virtual.sources_of([metric], names))


def _made(metric: str, names: tuple[str, ...], read: Values) -> Values:
    """`read`: machines, sources, points. What one machine's sources have not all sent yet is no point."""
    rows, _, width = read.shape
    silent = np.isnan(read).all(axis=2, keepdims=True)  # a source that sends nothing any more is not waited for
    whole = (~np.isnan(read) | silent).all(axis=1)
    columns = {name: read[:, n, :].reshape(-1) for n, name in enumerate(names)}
    values = virtual.computed(metric, columns)
    if values is None:
        return np.full((rows, width), np.nan)
    made: Values = np.where(whole, values.reshape(rows, width), np.nan)
    return made
