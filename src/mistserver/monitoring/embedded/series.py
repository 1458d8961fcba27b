"""What the log and the head are made of: series by number, and samples of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mistserver.monitoring.samples import TIMES, VALUES, Kind, Times, Values

SLOTS = np.dtype(np.uint32)
_JOINED = 8192  # samples of one post, about
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


def together(posts: Sequence[Post]) -> Post:
    return Post(
        np.concatenate([each.slots for each in posts]),
        np.concatenate([each.times for each in posts]),
        np.concatenate([each.values for each in posts]),
    )


def joined(posts: Iterable[Post]) -> list[Post]:
    """The same samples in fewer posts: those next to each other of which no row stands in two."""
    found: list[list[Post]] = []
    rows: set[int] = set()
    for post in posts:
        own = set(post.slots.tolist())
        if found and post.distinct and found[-1][-1].distinct and len(rows) < _JOINED and rows.isdisjoint(own):
            found[-1].append(post)
            rows |= own
        else:
            found.append([post])
            rows = own
    return [together(some)._replace(distinct=True) if len(some) > 1 else some[0] for some in found]


def post_of(body: bytes) -> Post:
    post = columns_of(body)
    return post._replace(distinct=len(np.unique(post.slots)) == len(post.slots))


def columns_of(body: bytes) -> Post:
    """The post, and not whether it is distinct."""
    count = len(body) // (SLOTS.itemsize + TIMES.itemsize + VALUES.itemsize)
    times_at, values_at = count * SLOTS.itemsize, count * (SLOTS.itemsize + TIMES.itemsize)
    return Post(
        np.frombuffer(body, SLOTS, count),
        np.frombuffer(body, TIMES, count, times_at),
        np.frombuffer(body, VALUES, count, values_at),
    )
