"""What a store of metrics owes. `tests/contract/metrics` holds each of them to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from mistserver.monitoring.samples import Answer, Batch, Known, Sent, Taken, Values, Window, empty


class MetricStore(ABC):
    """Used from the service's event loop. A machine is named by its id in Mist.

    Within a series time only moves forward: a sample that is not newer than the newest is not taken.
    """

    @abstractmethod
    async def append(self, machine: str, batch: Batch) -> Taken:
        """Keep a batch; when this returns, no crash of the process or the machine takes it away.

        Unavailable when it cannot be kept (storage full, closed); then nothing of it is kept.
        """

    @abstractmethod
    async def read(self, machine: str, names: Sequence[str], window: Window) -> Answer:
        """The series of these names that exist, in their order.

        Points of the future and of before anything was kept are NaN.
        """

    @abstractmethod
    async def known(self, machine: str) -> list[Known]:
        """Every series of the machine, by name."""

    async def sent(self, machines: Sequence[str]) -> dict[str, Sent]:
        """What each of many machines has sent; one of which nothing is known has sent nothing."""
        found = {}
        for machine in machines:
            known = await self.known(machine)
            found[machine] = Sent(tuple(each.name for each in known), max((each.newest for each in known), default=0))
        return found

    async def recent(self, series: Sequence[tuple[str, str]], window: Window) -> Values:
        """A row of averages for each (machine, series) on the grid of a short window of the last hour or two.

        NaN where there was nothing, which includes series that do not exist. Counters are rates.
        """
        rows = []
        for machine, name in series:
            answer = await self.read(machine, [name], window)
            same = answer.points and answer.window == window
            rows.append(answer.points[0].average if same else empty(window))
        return np.vstack(rows) if rows else np.empty((0, len(window)))

    @abstractmethod
    async def forget(self, machine: str) -> None:
        """Drop everything of a machine; unknown ones are no error."""

    @abstractmethod
    async def close(self) -> None:
        """Keep what is under way, and end. Calls after it raise Unavailable."""
