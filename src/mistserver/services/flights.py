"""Work that several callers want at once is done once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any


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
