"""The last good answer to each question that a provider was asked, with its age, within bounds of memory."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import ProviderError

MOST_ANSWERS = 512
MOST_BYTES = 16 * 1024 * 1024
SPARED_S = 15.0  # after a failure the kept answer is shown at once for so long

Question = tuple[str, ...]  # the backend's id, its access, and what is asked


class Live(NamedTuple):
    """What a provider just said; `size` is how many bytes it takes as JSON."""

    value: Any
    read_at: datetime
    size: int


class Answer(msgspec.Struct, frozen=True):
    """What a provider said at `read_at`, and what kept it from saying it again."""

    value: Any
    read_at: datetime
    trouble: Trouble | None = None


class Answers:
    """Answers by question. An answer younger than `fresh_s` is shown as it is.

    When an older one cannot be had anew, it is shown with the failure: for a listing part of the truth is better than
    none. Beyond the bounds the answers asked for longest ago go; the newest always stays.
    """

    def __init__(self, fresh_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fresh_s = fresh_s
        self._clock = clock
        self._flights: dict[Question, asyncio.Task[Live]] = {}
        self._kept: OrderedDict[Question, tuple[float, Live]] = OrderedDict()
        self._failed: dict[Question, tuple[float, Trouble]] = {}

    async def get(
        self, question: Question, ask: Callable[[], Awaitable[Live]], now: datetime, refresh: bool = False
    ) -> Answer:
        """The kept answer while it is fresh, else a new one; callers with the same question wait for the same one.

        The error of a provider is raised only when there is no kept answer.
        """
        kept = self._kept.get(question)
        if kept is not None and not refresh:
            if self._clock() - kept[0] < self._fresh_s:
                return Answer(kept[1].value, kept[1].read_at)
            failed = self._failed.get(question)
            if failed is not None and self._clock() - failed[0] < SPARED_S:
                return Answer(kept[1].value, kept[1].read_at, failed[1])
        try:
            live = await asyncio.shield(self._flight(question, ask))
        except ProviderError as error:
            if kept is None:
                raise
            trouble = Trouble(code=error.code, message=error.message, at=now)
            self._failed[question] = self._clock(), trouble
            return Answer(kept[1].value, kept[1].read_at, trouble)
        return Answer(live.value, live.read_at)

    def kept(self, question: Question) -> Answer | None:
        """The last good answer, however old."""
        found = self._kept.get(question)
        return None if found is None else Answer(found[1].value, found[1].read_at)

    def forget(self, owner: str) -> None:
        """Drop every answer whose question begins with `owner`; what is under way is not kept either."""
        held: tuple[MutableMapping[Question, Any], ...] = (self._kept, self._failed, self._flights)
        for one in held:
            for question in [question for question in one if question[0] == owner]:
                del one[question]

    def _flight(self, question: Question, ask: Callable[[], Awaitable[Live]]) -> asyncio.Task[Live]:
        flight = self._flights.get(question)
        if flight is None:
            flight = asyncio.ensure_future(ask())
            self._flights[question] = flight
            flight.add_done_callback(lambda task: self._landed(question, task))
        return flight

    def _landed(self, question: Question, flight: asyncio.Task[Live]) -> None:
        good = not flight.cancelled() and flight.exception() is None
        if self._flights.get(question) is not flight:
            return
        del self._flights[question]
        if good:
            self._failed.pop(question, None)
            self._kept[question] = self._clock(), flight.result()
            self._kept.move_to_end(question)
            self._make_room()

    def _make_room(self) -> None:
        total = sum(live.size for _, live in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_ANSWERS or total > MOST_BYTES):
            question, (_, live) = self._kept.popitem(last=False)
            self._failed.pop(question, None)
            total -= live.size
