"""The store of metrics, opened when it is first needed: what packs numbers takes long to load."""

from __future__ import annotations

import asyncio
import hmac
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mistserver.domain.errors import Unavailable

if TYPE_CHECKING:
    from mistserver.monitoring.storage import MetricStore

log = logging.getLogger("mist.metrics")

_AGAIN_S = 15.0
_TRUST_S = 30.0
_DAY = 86400


@dataclass(frozen=True)
class Limits:
    """For how long each level of the embedded store is kept, and how many series a machine may send."""

    raw_days: float = 2.0
    minutes_days: float = 14.0
    hours_days: float = 366.0
    series: int = 2000


class Metrics:
    """One per service, used from its event loop."""

    def __init__(self, open_store: Callable[[], MetricStore]) -> None:
        self._open = open_store
        self._opening: asyncio.Future[MetricStore] | None = None
        self._failed_at = -_AGAIN_S
        self._threads = ThreadPoolExecutor(1, "metrics-open")
        self._trusted: dict[str, tuple[str, float]] = {}
        self.refused: dict[str, int] = {}  # samples that were not taken, by why

    async def store(self) -> MetricStore:
        """The open store; who asks meanwhile waits for the same.

        Unavailable when it cannot be opened: the service goes on without metrics, and tries again after a while.
        """
        if self._opening is None:
            if time.monotonic() - self._failed_at < _AGAIN_S:
                raise Unavailable("The store of metrics could not be opened; the service's log says why.")
            self._opening = asyncio.get_running_loop().run_in_executor(self._threads, self._opened)
            self._opening.add_done_callback(self._forget_failure)
        return await asyncio.shield(self._opening)

    def trusts(self, machine_id: str, secret_hash: str) -> bool:
        """Whether this was the hash of the machine's password a moment ago."""
        known, until = self._trusted.get(machine_id, ("", 0.0))
        return time.monotonic() < until and hmac.compare_digest(known, secret_hash)

    def trust(self, machine_id: str, secret_hash: str) -> None:
        self._trusted[machine_id] = (secret_hash, time.monotonic() + _TRUST_S)

    def distrust(self, machine_id: str) -> None:
        """The machine's password was changed or taken away; other services learn it a moment later."""
        self._trusted.pop(machine_id, None)

    def refuse(self, why: str, count: int) -> None:
        if count:
            self.refused[why] = self.refused.get(why, 0) + count

    async def close(self) -> None:
        if self._opening is not None:
            try:
                store = await self._opening
            except Unavailable:
                log.debug("there was no store of metrics to close")
            else:
                await store.close()
        self._threads.shutdown()

    def _opened(self) -> MetricStore:
        try:
            return self._open()
        except (sqlite3.Error, OSError, ValueError, ImportError) as error:
            log.error("the store of metrics cannot be opened, the service runs without metrics: %s", error)
            raise Unavailable(f"The store of metrics cannot be opened ({error}).") from error

    def _forget_failure(self, opening: asyncio.Future[MetricStore]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._opening = None
            self._failed_at = time.monotonic()


def embedded(folder: Path, limits: Limits | None = None) -> Metrics:
    """Metrics in a folder of this machine."""
    chosen = limits or Limits()

    def open_store() -> MetricStore:
        from mistserver.monitoring.embedded import EmbeddedStore
        from mistserver.monitoring.embedded.state import Retention

        days = (chosen.raw_days, chosen.minutes_days, chosen.hours_days)
        return EmbeddedStore(folder, Retention(*(int(each * _DAY) for each in days)), most_series=chosen.series)

    return Metrics(open_store)


def victoria(url: str, folder: Path, limits: Limits) -> Metrics:
    """Metrics in VictoriaMetrics, and in a folder of this machine what it may not have yet."""

    def open_store() -> MetricStore:
        from mistserver.monitoring.victoria import VictoriaStore

        return VictoriaStore(url, folder, most_series=limits.series)

    return Metrics(open_store)
