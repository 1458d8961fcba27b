"""What a store of metrics owes. `tests/contract/metrics` holds each of them to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mistserver.monitoring.samples import Answer, Batch, Known, Taken, Window


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

    @abstractmethod
    async def forget(self, machine: str) -> None:
        """Drop everything of a machine; unknown ones are no error."""

    @abstractmethod
    async def close(self) -> None:
        """Keep what is under way, and end. Calls after it raise Unavailable."""
