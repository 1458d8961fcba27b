"""Asking a provider again and again until a machine is as it should be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from mistserver.domain.errors import ProviderError, ProviderTimeout
from mistserver.domain.machine import MachineReading, MachineState
from mistserver.jobs.engine import RunningJob
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.store import inventory
from mistserver.store.backends import StoredBackend

_FIRST_PAUSE_S = 0.3
_LONGEST_PAUSE_S = 5.0
_ASKED_AGAIN_AFTER = timedelta(seconds=15)
_KEPT_AFTER_CREATE = timedelta(minutes=10)

Settled = Callable[[MachineReading | None], bool]  # may raise to give up


class Watch:
    """One machine at its provider, watched by a job until a moment. Each change is shown in listings at once."""

    def __init__(self, ctx: Context, job: RunningJob, stored: StoredBackend, until: datetime) -> None:
        self._ctx = ctx
        self._job = job
        self._stored = stored
        self._until = until
        self._shown: MachineReading | None = None

    async def wait(
        self, external_id: str, settled: Settled, what: str, again: Callable[[Provider], None] | None = None
    ) -> MachineReading | None:
        """The first reading that `settled` accepts; None is a machine that the provider does not know.

        Failures that may pass are borne until the deadline; ProviderTimeout then says `what` did not happen. `again`
        is asked of the provider now and then, as long as the machine runs as if nothing had been asked.
        """
        pause_s, trouble, asked_at = _FIRST_PAUSE_S, "", self._ctx.now()
        while True:
            try:
                reading = await self.read(external_id)
                if settled(reading):
                    return reading
                trouble = "" if reading is None else f"it is {reading.state}"
                unmoved = reading is not None and reading.state == MachineState.RUNNING
                if again is not None and unmoved and self._ctx.now() - asked_at >= _ASKED_AGAIN_AFTER:
                    asked_at = self._ctx.now()
                    await self._ctx.providers.call(self._ctx, self._stored, again)
            except ProviderError as error:
                if not error.retryable:
                    raise
                trouble = error.message
            if self._ctx.now() >= self._until:
                raise ProviderTimeout(f"{what}{f' ({trouble})' if trouble else ''}.", backend_id=self._stored.id)
            await self._job.pause(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    async def read(self, external_id: str) -> MachineReading | None:
        """One reading, kept when it says something new."""
        reading = await self._ctx.providers.call(
            self._ctx, self._stored, lambda provider: provider.read_machine(external_id)
        )
        if reading is not None and reading != self._shown:
            self._shown = reading
            now = self._ctx.now()
            kept_until = now + _KEPT_AFTER_CREATE
            await self._ctx.database.write(inventory.put_reading, self._stored, reading, now, kept_until)
        return reading


def why(reading: MachineReading) -> str:
    """The provider's own reason for the state that the machine is in, to be put behind a sentence; "" without one."""
    reason = str(reading.extra.get("reason") or "").rstrip(".")
    return f": {reason}" if reason else ""
