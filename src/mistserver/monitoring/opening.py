"""The store of metrics, opened when it is first needed: what packs numbers takes long to load."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistserver.monitoring.storage import MetricStore


class Metrics:
    """One per service, used from its event loop."""

    def __init__(self, open_store: Callable[[], MetricStore]) -> None:
        self._open = open_store
        self._opening: asyncio.Future[MetricStore] | None = None
        self._threads = ThreadPoolExecutor(1, "metrics-open")
        self.refused: dict[str, int] = {}  # samples that were not taken, by why

    async def store(self) -> MetricStore:
        """The open store; who asks meanwhile waits for the same. A failed opening may be tried again."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().run_in_executor(self._threads, self._open)
            self._opening.add_done_callback(self._forget_failure)
        return await asyncio.shield(self._opening)

    def refuse(self, why: str, count: int) -> None:
        if count:
            self.refused[why] = self.refused.get(why, 0) + count

    async def close(self) -> None:
        if self._opening is not None:
            await (await self._opening).close()
        self._threads.shutdown()

    def _forget_failure(self, opening: asyncio.Future[MetricStore]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._opening = None


def embedded(folder: Path) -> Metrics:
    """Metrics in a folder of this machine."""

    def open_store() -> MetricStore:
        from mistserver.monitoring.embedded import EmbeddedStore

        return EmbeddedStore(folder)

    return Metrics(open_store)
