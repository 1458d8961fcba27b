"""Metrics in VictoriaMetrics, behind a log of our own: what is acknowledged stays in it until it is safe there.

Several services may share one server. What a service has taken itself it also answers from its own files, for which
it needs no server; older samples, and those that others took, come from there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded.partitions import DAY
from mistserver.monitoring.embedded.reading import as_buckets, samples
from mistserver.monitoring.embedded.rollup import LONGEST_GAP_S, on_grid
from mistserver.monitoring.embedded.state import Retention
from mistserver.monitoring.embedded.store import EmbeddedStore
from mistserver.monitoring.embedded.writing import MOST_SERIES
from mistserver.monitoring.samples import TIMES, VALUES, Answer, Kind, Known, Points, Sent, Times, Values, Window
from mistserver.monitoring.victoria.exchange import NAME, Exchange, match
from mistserver.monitoring.victoria.forwarding import Forwarder

log = logging.getLogger(__name__)

_HERE = Retention(raw=2 * DAY, minutes=2 * DAY, hours=2 * DAY)
_BY_SAMPLE_S = 2 * DAY  # longer windows are asked for by the minute
_MINUTE = 60
_SENT_SINCE_S = 2 * 3600
_KNOWN_SINCE_S = 32 * DAY

Series = tuple[Kind, Times, Values]


class VictoriaStore(EmbeddedStore):
    """The log, the head and two days of files are here; everything is also there."""

    def __init__(
        self, url: str, folder: Path, clock: Callable[[], float] = time.time, most_series: int = MOST_SERIES
    ) -> None:
        super().__init__(folder, _HERE, clock, most_series)
        self._exchange = Exchange(url)
        self._forwarder = Forwarder(self._state, self._exchange, folder / "hot.db")
        self._writer.droppable = self._forwarder.safe

    async def read(self, machine: str, names: Sequence[str], window: Window) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, self._read, machine, tuple(names), window
        )

    async def known(self, machine: str) -> list[Known]:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._known, machine)

    async def sent(self, machines: Sequence[str]) -> dict[str, Sent]:
        here = await super().sent(machines)
        there = await asyncio.get_running_loop().run_in_executor(self._readers, self._sent_there)
        return {machine: _more(here[machine], there.get(machine, {})) for machine in machines}

    async def recent(self, series: Sequence[tuple[str, str]], window: Window) -> Values:
        """What other services took comes from the server, a machine at a time."""
        found = await super().recent(series, window)
        missing: dict[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(np.isnan(found).all(axis=1)).tolist():
            missing[series[row][0]].append(row)
        for machine, rows in missing.items():
            answer = await self.read(machine, [series[row][1] for row in rows], window)
            read = {each.name: each.average for each in answer.points if answer.window == window}
            for row in rows:
                found[row] = read.get(series[row][1], found[row])
        return found

    async def forget(self, machine: str) -> None:
        await super().forget(machine)
        await asyncio.get_running_loop().run_in_executor(self._readers, self._forget_there, machine)

    def _forget_there(self, machine: str) -> None:
        with self._forwarder.still:  # nothing of it is on its way
            self._exchange.delete(match(machine))

    def _sent_there(self) -> dict[str, dict[str, int]]:
        """The newest second of each series of each machine that sent anything lately."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        try:
            for row in self._exchange.now(f"tlast_over_time({NAME}[{_SENT_SINCE_S}s])", self._state.now() + _MINUTE):
                found[row["metric"]["machine"]][row["metric"]["metric"]] = int(float(row["value"][1]))
        except Unavailable as error:
            log.warning("only what this service took is known: %s", error)
        return found

    def _close(self) -> None:
        self._forwarder.close()
        super()._close()
        self._exchange.close()

    def _known(self, machine: str) -> list[Known]:
        found = {each.name: each for each in self._state.known(machine)}
        at = self._state.now() + _MINUTE
        try:
            rows = self._exchange.now(f"tlast_over_time({match(machine)}[{_KNOWN_SINCE_S}s])", at)
        except Unavailable as error:
            log.warning("only what this service took is known: %s", error)
            rows = []
        for row in rows:
            name, newest = row["metric"]["metric"], int(float(row["value"][1]))
            if name not in found or found[name].newest < newest:
                found[name] = Known(name, _kind(row["metric"]), newest)
        return [found[name] for name in sorted(found)]

    def _read(self, machine: str, names: Sequence[str], window: Window) -> Answer:
        if window.stop - window.start > _BY_SAMPLE_S:
            return self._by_minute(machine, names, window)
        wide = Window(window.start - window.start % window.step, window.stop, window.step)
        found = self._from_here(machine, names, wide)
        for name, there in self._from_there(machine, names, wide).items():
            found[name] = _both(there, found[name]) if name in found else there
        grid = wide.grid()
        points = []
        for name in dict.fromkeys(names):
            if name in found:
                shown = as_buckets(*found[name], wide)
                points.append(Points(name, found[name][0], *on_grid(shown, grid, wide.step)))
        return Answer(wide, points)

    def _from_here(self, machine: str, names: Sequence[str], window: Window) -> dict[str, Series]:
        with self._state.lock:
            here = self._state.slots(machine)
            slots = {here[name]: name for name in names if name in here}
        found = samples(self._state, list(slots), window)
        return {slots[slot]: (kind, times, values) for slot, (kind, times, values) in found.items() if kind is not None}

    def _from_there(self, machine: str, names: Sequence[str], window: Window) -> dict[str, Series]:
        found: dict[str, Series] = {}
        since = max(0, window.start - LONGEST_GAP_S)
        try:
            for row in self._exchange.export([match(machine, name) for name in names], since, window.stop):
                kind, times = _kind(row["metric"]), np.array(row["timestamps"], np.int64) // 1000
                values = np.array(row["values"], VALUES)
                near = (times >= since) & (times < window.stop)
                name = row["metric"]["metric"]
                one = _in_order(kind, times[near].astype(TIMES), values[near])
                found[name] = _both(found[name], one) if name in found else one
        except Unavailable as error:
            log.warning("only what this service took is shown: %s", error)
        return found

    def _by_minute(self, machine: str, names: Sequence[str], window: Window) -> Answer:
        step = -(-window.step // _MINUTE) * _MINUTE
        wide = Window(window.start - window.start % step, window.stop, step)
        known = {each.name: each.kind for each in self._known(machine)}
        grid, points = wide.grid(), []
        for name in dict.fromkeys(names):
            if name in known:
                columns = self._columns(known[name], match(machine, name), wide)
                points.append(Points(name, known[name], *(_placed(column, grid, step) for column in columns)))
        return Answer(wide, points)

    def _columns(self, kind: Kind, series: str, window: Window) -> list[list[list[Any]]]:
        """Averages, lowest and highest, as pairs of a second and a value."""
        found: dict[str, list[list[Any]]] = {}
        if len(window):
            query = f"{'rollup_rate' if kind is Kind.COUNTER else 'rollup'}({series}[{window.step}s])"
            # a range ends with the moment that is asked for, a step of ours begins with it
            first, last = window.start + window.step - 0.001, window.start + window.step * len(window) - 0.001
            for row in self._exchange.points(query, first, last, window.step):
                found.setdefault(row["metric"].get("rollup", ""), []).extend(row["values"])
        return [found.get(name, []) for name in ("avg", "min", "max")]


def _placed(pairs: list[list[Any]], grid: Times, step: int) -> Values:
    shown = np.full(len(grid), np.nan)
    for second, value in pairs:
        at = int(float(second) - int(grid[0])) // step
        if 0 <= at < len(shown):
            shown[at] = float(value)
    return shown


def _kind(labels: dict[str, str]) -> Kind:
    return Kind.COUNTER if labels.get("kind") == "counter" else Kind.GAUGE


def _more(here: Sent, there: dict[str, int]) -> Sent:
    if not there:
        return here
    return Sent(tuple(sorted({*here.names, *there})), max(here.newest, *there.values()))


def _both(one: Series, other: Series) -> Series:
    return _in_order(one[0], np.concatenate([one[1], other[1]]).astype(TIMES), np.concatenate([one[2], other[2]]))


def _in_order(kind: Kind, times: Times, values: Values) -> Series:
    """By time; what was sent a second time stands once."""
    _, first = np.unique(times, return_index=True)
    return kind, times[first], values[first]
