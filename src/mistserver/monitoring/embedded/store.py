"""The embedded store: a durable log, a head in memory, and files of chunks behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mistserver.monitoring.embedded.flushing import OLDEST_S, Flusher
from mistserver.monitoring.embedded.reading import read
from mistserver.monitoring.embedded.recent import recent, sent
from mistserver.monitoring.embedded.state import Retention, State
from mistserver.monitoring.embedded.writing import MOST_SERIES, Writer
from mistserver.monitoring.samples import Answer, Batch, Known, Sent, Taken, Values, Window
from mistserver.monitoring.storage import MetricStore

_READERS = 2


class EmbeddedStore(MetricStore):
    """Everything in one folder. One thread writes the log, one moves full rows into files, two read."""

    def __init__(
        self,
        folder: Path,
        retention: Retention | None = None,
        clock: Callable[[], float] = time.time,
        most_series: int = MOST_SERIES,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state = State(folder, retention or Retention(), clock)
        try:
            self._flusher = Flusher(self._state)
            self._writer = Writer(self._state, self._flusher, most_series)
        except BaseException:
            self._state.close()
            raise
        self._flusher.start()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="metrics-read")

    async def append(self, machine: str, batch: Batch) -> Taken:
        return await self._writer.append(machine, batch)

    async def read(self, machine: str, names: Sequence[str], window: Window) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, read, self._state, machine, tuple(names), window
        )

    async def known(self, machine: str) -> list[Known]:
        return self._state.known(machine)

    async def sent(self, machines: Sequence[str]) -> dict[str, Sent]:
        return await asyncio.get_running_loop().run_in_executor(self._readers, sent, self._state, tuple(machines))

    async def recent(self, series: Sequence[tuple[str, str]], window: Window) -> Values:
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, recent, self._state, tuple(series), window
        )

    async def forget(self, machine: str) -> None:
        await self._writer.forget(machine)

    async def close(self) -> None:
        self._writer.end()
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def flush_aged(self, age_s: int = OLDEST_S) -> None:
        """Put into files what is older than so many seconds, as the flusher does from time to time."""
        self._flusher.flush_aged(age_s)

    def tidy(self) -> None:
        """Merge and drop what is due, as the flusher does from time to time."""
        self._flusher.tidy()

    def trim(self) -> None:
        """Shorten the log, as the writer does from time to time; nothing may be appended meanwhile."""
        self._writer.trim()

    def _close(self) -> None:
        self._writer.close()
        self._flusher.close()
        self._readers.shutdown()
        self._state.close()
