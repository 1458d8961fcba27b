"""The newest samples of every series, in memory: one row a series, columns for its samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.embedded.series import Post, Slots
from mistserver.monitoring.samples import TIMES, VALUES, Taken, Times, Values

FULL = 150  # samples that make a chunk
WIDTH = 180  # room for what comes while a chunk is being written
_ROWS = 256


class Row(NamedTuple):
    times: Times
    values: Values


class Head:
    """Rows are numbered by whoever uses it. Not safe for threads: its owner has a lock."""

    def __init__(self) -> None:
        self._times = np.empty((_ROWS, WIDTH), TIMES)
        self._values = np.empty((_ROWS, WIDTH), VALUES)
        self._count = np.zeros(_ROWS, np.int32)
        self._newest = np.zeros(_ROWS, TIMES)

    def grow(self, rows: int) -> None:
        """Have at least so many rows."""
        have = len(self._count)
        if rows <= have:
            return
        more = max(rows, have + have // 2) - have
        # rows that hold nothing are not touched, so that they take no memory
        used, times, values = np.flatnonzero(self._count), self._times, self._values
        self._times, self._values = np.empty((have + more, WIDTH), TIMES), np.empty((have + more, WIDTH), VALUES)
        self._times[used], self._values[used] = times[used], values[used]
        self._count = np.concatenate([self._count, np.zeros(more, np.int32)])
        self._newest = np.concatenate([self._newest, np.zeros(more, TIMES)])

    def starts_after(self, slot: int, newest: int) -> None:
        """Samples up to this second are kept elsewhere already."""
        self._newest[slot] = max(int(self._newest[slot]), newest)

    def newest(self, slot: int) -> int:
        return int(self._newest[slot])

    def latest(self) -> int:
        """The newest sample of all."""
        return int(self._newest.max())

    def crowded(self, slots: Slots) -> Slots:
        """Which of these rows have no room for one more sample."""
        return slots[self._count[slots] >= WIDTH]

    def newest_of(self, slots: Slots) -> Times:
        return self._newest[slots]

    def unclaim(self, slots: Slots, newest: Times) -> None:
        """Take a claim back: what was claimed is not kept after all."""
        self._newest[slots] = newest

    def claimed(self, post: Post) -> tuple[Post, Taken]:
        """What of a post moves its series forward; from now on only newer samples do.

        That part goes into the log and then into `add`.
        """
        chosen, taken = self._chosen(post)
        self._newest[chosen.slots] = chosen.times  # of a series that stands several times, the last counts
        return chosen, taken

    def _chosen(self, post: Post) -> tuple[Post, Taken]:
        ahead = post.times > self._newest[post.slots]
        if not post.distinct:
            ahead &= _first_of_their_second(post, ahead)
        if ahead.all():
            return post, Taken(accepted=len(post.slots))
        repeated = int((post.times == self._newest[post.slots]).sum())
        accepted = int(ahead.sum())
        left_out = len(post.slots) - accepted
        taken = Taken(accepted=accepted, repeated=min(repeated, left_out), late=left_out - min(repeated, left_out))
        return post.only(ahead), taken

    def add(self, post: Post) -> None:
        """A claimed post in which no row stands twice; all of them have room."""
        at = self._count[post.slots]
        self._times[post.slots, at] = post.times
        self._values[post.slots, at] = post.values
        self._count[post.slots] = at + 1

    def row(self, slot: int) -> Row:
        """A copy of all that the row holds."""
        count = int(self._count[slot])
        return Row(self._times[slot, :count].copy(), self._values[slot, :count].copy())

    def samples(self, slots: Slots, since: int, stop: int) -> tuple[NDArray[np.intp], Times, Values]:
        """Of each of these rows what lies in the span, as (place in `slots`, time, value), in the order of time."""
        times = self._times[slots]
        wanted = (np.arange(WIDTH) < self._count[slots, None]) & (times >= since) & (times < stop)
        rows, columns = np.nonzero(wanted)
        return rows, times[rows, columns], self._values[slots[rows], columns]

    def due(self, oldest: int | None = None) -> NDArray[np.intp]:
        """Rows with a full chunk; with `oldest` also those whose first sample is from before that second."""
        full = self._count >= FULL
        if oldest is not None:
            full |= (self._count > 0) & (self._times[:, 0] < oldest)
        return np.flatnonzero(full)

    def drop(self, slot: int, count: int) -> None:
        """The first samples of a row, which are kept elsewhere now."""
        left = int(self._count[slot]) - count
        self._times[slot, :left] = self._times[slot, count : count + left].copy()
        self._values[slot, :left] = self._values[slot, count : count + left].copy()
        self._count[slot] = left

    def clear(self, slot: int) -> None:
        self._count[slot] = 0
        self._newest[slot] = 0


def _first_of_their_second(post: Post, ahead: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of samples of one series, those that move it forward, looked at in their order."""
    wanted = np.flatnonzero(ahead)
    ordered = wanted[np.argsort(post.slots[wanted], kind="stable")]
    onward = np.diff(post.times[ordered].astype(np.int64)) > 0
    if (onward | (np.diff(post.slots[ordered].astype(np.int64)) != 0)).all():
        return ahead  # as most often
    newest: dict[int, int] = {}
    chosen = np.zeros(len(ahead), bool)
    for index, (slot, time) in enumerate(zip(post.slots.tolist(), post.times.tolist(), strict=True)):
        if ahead[index] and time > newest.get(slot, 0):
            newest[slot] = time
            chosen[index] = True
    return chosen
