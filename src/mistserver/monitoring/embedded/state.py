"""What the threads of the embedded store share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.embedded.handles import Handles
from mistserver.monitoring.embedded.head import Head
from mistserver.monitoring.embedded.hot import HotLog
from mistserver.monitoring.embedded.partitions import DAY, HOUR, Level, Partitions
from mistserver.monitoring.embedded.series import NewSeries, Slots
from mistserver.monitoring.samples import TIMES, Kind, Known, Times

MINUTE = 60


@dataclass(frozen=True)
class Retention:
    """For how many seconds each level is kept. Whole files go, so that a little more may be there."""

    raw: int = 2 * DAY
    minutes: int = 14 * DAY
    hours: int = 366 * DAY


class State:
    """Series are rows of the head by number. `lock` guards the head and the names; files have locks of their own.

    `kept_until` is the last second of each series that stands in a file.
    """

    def __init__(self, folder: Path, retention: Retention, clock: Callable[[], float]) -> None:
        self.folder = folder
        self.clock = clock
        self.lock = threading.Lock()
        self.hot = HotLog(folder)
        handles = Handles()
        self.raw = Partitions(folder, Level("raw", 0, 6 * HOUR, retention.raw), handles)
        self.minutes = Partitions(folder, Level("minutes", MINUTE, 2 * DAY, retention.minutes), handles)
        self.hours = Partitions(folder, Level("hours", HOUR, 32 * DAY, retention.hours), handles)
        self.head = Head()
        self.kinds: dict[int, Kind] = {}
        self.kept_until: Times = np.zeros(1, TIMES)
        self._alive = np.zeros(1, bool)
        self._names: dict[int, tuple[str, str]] = {}
        self._slots: dict[str, dict[str, int]] = {}
        self._next = 0
        try:
            self._enter_all()
        except BaseException:
            self.close()
            raise

    @property
    def levels(self) -> tuple[Partitions, Partitions, Partitions]:
        return self.raw, self.minutes, self.hours

    def _enter_all(self) -> None:
        self.enter(self.hot.series())
        for level in self.levels:
            for slot, end in level.newest().items():
                self.avoid(slot)
                if slot in self.kinds:
                    self.is_kept(slot, end)
                    self.head.starts_after(slot, end)

    def avoid(self, slot: int) -> None:
        """Give no series this number: there is something of it yet, though it may be gone."""
        self._next = max(self._next, slot + 1)

    def latest(self) -> int:
        """Now, but not later than the newest sample: a clock that runs ahead makes nothing old."""
        with self.lock:
            return min(self.now(), self.head.latest() or self.now())

    def now(self) -> int:
        return int(self.clock())

    def close(self) -> None:
        self.hot.close()
        for level in self.levels:
            level.close()

    def enter(self, series: Sequence[NewSeries]) -> None:
        """Make series known; the caller has the lock, or is alone."""
        for each in series:
            self._slots.setdefault(each.machine, {})[each.name] = each.id
            self.kinds[each.id] = each.kind
            self._names[each.id] = (each.machine, each.name)
            self.avoid(each.id)
        self.head.grow(self._next)
        more = self._next - len(self.kept_until)
        if more > 0:
            self.kept_until = np.concatenate([self.kept_until, np.zeros(more + more // 2, TIMES)])
            self._alive = np.concatenate([self._alive, np.zeros(more + more // 2, bool)])
        self._alive[[each.id for each in series]] = True

    def slots(self, machine: str) -> dict[str, int]:
        """The series of a machine by name; not to be changed."""
        return self._slots.get(machine, {})

    def named(self, slots: Collection[int]) -> dict[int, NewSeries]:
        """The series with these numbers; without those of machines that are gone."""
        found: dict[int, NewSeries] = {}
        with self.lock:
            for slot in slots:
                if slot in self.kinds:
                    found[slot] = NewSeries(slot, *self._names[slot], self.kinds[slot])
        return found

    def next_slot(self) -> int:
        return self._next

    def leave(self, machine: str) -> Sequence[int]:
        """Make a machine unknown; the numbers of its series.

        Nobody gets these again while the store is open, nor later as long as anything is found of them.
        """
        with self.lock:
            gone = list(self._slots.pop(machine, {}).values())
            for slot in gone:
                self.head.clear(slot)
                self.kinds.pop(slot, None)
                self._names.pop(slot, None)
            self._alive[gone] = False
        return gone

    def withdraw(self, series: Iterable[NewSeries]) -> None:
        """Make series unknown that were entered and could not be kept."""
        with self.lock:
            for each in series:
                self._slots.get(each.machine, {}).pop(each.name, None)
                self.kinds.pop(each.id, None)
                self._names.pop(each.id, None)
                self._alive[each.id] = False

    def alive(self, slots: Slots) -> NDArray[np.bool_]:
        """Which of these numbers are those of a series; any number may be asked for."""
        known = slots < len(self._alive)
        return known & self._alive[np.where(known, slots, 0)]

    def is_kept(self, slot: int, until: int) -> None:
        self.kept_until[slot] = max(int(self.kept_until[slot]), until)

    def known(self, machine: str) -> list[Known]:
        with self.lock:
            slots = sorted(self.slots(machine).items())
            return [Known(name, self.kinds[slot], self.head.newest(slot)) for name, slot in slots]
