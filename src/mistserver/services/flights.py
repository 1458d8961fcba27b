"""Work that several callers want at once is done once, and answers that stay true for a moment are kept."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

ANSWERS_KEPT = 512
ANSWERS_KEPT_S = 60.0


class Flights:
    """Tasks under way by name. A caller that gives up waiting does not end the task."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._started: dict[str, float] = {}

    def join(self, name: str, start: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """The task of this name; started if none is under way."""
        task = self._tasks.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(start(), name=f"reading {name}")
            self._tasks[name] = task
            self._started[name] = self._clock()
            task.add_done_callback(lambda _: self._landed(name))
        return task

    def under_way(self, name: str) -> asyncio.Task[None] | None:
        return self._tasks.get(name)

    def age_s(self, task: asyncio.Task[None]) -> float:
        """How long ago a task that is under way was started; 0 for one that has ended."""
        name = next((name for name, known in self._tasks.items() if known is task), None)
        return 0.0 if name is None else self._clock() - self._started[name]

    async def close(self) -> None:
        """End what is still under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, name: str) -> None:
        del self._tasks[name], self._started[name]


class Answers:
    """Answers by owner and question, each for a minute; the oldest go when there are too many."""

    def __init__(self, kept_s: float = ANSWERS_KEPT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_s
        self._clock = clock
        self._answers: OrderedDict[tuple[str, ...], tuple[float, asyncio.Task[Any]]] = OrderedDict()

    async def get(self, question: tuple[str, ...], ask: Callable[[], Awaitable[Any]]) -> Any:
        """The kept answer, or a new one; callers with the same question wait for one answer. Failures are not kept."""
        known = self._answers.get(question)
        if known is None or known[0] < self._clock():
            known = (self._clock() + self._kept_s, asyncio.ensure_future(ask()))
            known[1].add_done_callback(lambda task: self._settled(question, task))
            self._answers[question] = known
            self._answers.move_to_end(question)
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return await asyncio.shield(known[1])

    def forget(self, owner: str) -> None:
        """Drop every answer whose question begins with `owner`."""
        for question in [question for question in self._answers if question[0] == owner]:
            del self._answers[question]

    def _settled(self, question: tuple[str, ...], task: asyncio.Task[Any]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed and question in self._answers and self._answers[question][1] is task:
            del self._answers[question]
