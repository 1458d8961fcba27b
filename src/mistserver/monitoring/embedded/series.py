"""What the log and the head are made of: series by number, and samples of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.samples import TIMES, VALUES, Kind, Times, Values

SLOTS = np.dtype(np.uint32)
Slots = NDArray[np.uint32]  # the rows of the head, which are also the ids of series


class NewSeries(NamedTuple):
    id: int
    machine: str
    name: str
    kind: Kind


class Post(NamedTuple):
    """Samples as rows of the head, their times and values. `distinct`: surely no row stands twice."""

    slots: Slots
    times: Times
    values: Values
    distinct: bool = False

    def only(self, wanted: NDArray[np.bool_]) -> Post:
        return Post(self.slots[wanted], self.times[wanted], self.values[wanted], self.distinct)

    def rounds(self) -> Iterator[Post]:
        """The same samples in their order, in posts in which no row stands twice."""
        post = self
        if post.distinct:
            yield post
            return
        while len(post.slots):
            first = np.zeros(len(post.slots), bool)
            first[np.unique(post.slots, return_index=True)[1]] = True
            if first.all():
                yield post._replace(distinct=True)
                return
            yield post.only(first)._replace(distinct=True)
            post = post.only(~first)

    def body(self) -> bytes:
        return self.slots.tobytes() + self.times.tobytes() + self.values.tobytes()


def post_of(body: bytes) -> Post:
    count = len(body) // (SLOTS.itemsize + TIMES.itemsize + VALUES.itemsize)
    times_at, values_at = count * SLOTS.itemsize, count * (SLOTS.itemsize + TIMES.itemsize)
    slots = np.frombuffer(body, SLOTS, count)
    return Post(
        slots,
        np.frombuffer(body, TIMES, count, times_at),
        np.frombuffer(body, VALUES, count, values_at),
        len(np.unique(slots)) == count,
    )
