"""Creating one machine at a provider exactly once, though calls, answers and this service may be lost on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.errors import (
    MistError,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.domain.machine import MachineReading, MachineSpec
from mistserver.jobs.engine import RunningJob
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.services.machines.create_plan import Asked, Told, spec
from mistserver.services.machines.pauses import before_another_try_s
from mistserver.store import events, inventory, machines
from mistserver.store.backends import StoredBackend
from mistserver.store.keys import StoredKey

LOST = (ProviderTimeout, ProviderUnreachable, ProviderBadAnswer)  # the provider may have created it all the same
LOOKS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)  # pauses between looks for a machine whose create gave no answer
_SHORTEST_CALL_S = 20.0
_TRIES = 4


@dataclass(frozen=True)
class Creator:
    """Creates the machines of one job. `begun`: an earlier process of the service may have asked already."""

    ctx: Context
    job: RunningJob
    stored: StoredBackend
    told: Told
    key: StoredKey | None
    until: datetime
    begun: bool
    asked_for: set[str] = field(default_factory=set)

    async def create(self, asked: Asked) -> MachineReading:
        """The machine, whether it is made now or was made before. An error tells whether something may exist."""
        reading = await self._look(asked, LOOKS_S[:3] if self.begun else ())
        if reading is None:
            reading = await self._ask(asked)
        await self.ctx.database.write(_created, self, asked, reading)
        return reading

    async def _ask(self, asked: Asked) -> MachineReading:
        """The create call, at most once unless the provider surely did nothing."""
        wanted = spec(self.told, asked.name, asked.mark, self.key)
        for attempt in range(_TRIES):
            await asyncio.to_thread(self.ctx.jobs.fence)
            self.asked_for.add(asked.id)
            try:
                left_s = (self.until - self.ctx.now()).total_seconds()
                return await self.ctx.providers.call(
                    self.ctx, self.stored, lambda provider: provider.create(wanted), max(left_s, _SHORTEST_CALL_S)
                )
            except ProviderRateLimited as error:
                if attempt == _TRIES - 1:
                    raise
                await self.job.pause(before_another_try_s(error, attempt + 1))
            except LOST as error:
                return await self._found_after(asked, error)
            except ProviderError:
                # what is refused as a repetition was made the first time
                reading = await self._look(asked, ())
                if reading is None:
                    raise
                return reading
        raise AssertionError("not reached")

    async def _found_after(self, asked: Asked, error: MistError) -> MachineReading:
        reading = await self._look(asked, LOOKS_S)
        if reading is not None:
            return reading
        waited_s = sum(LOOKS_S)
        raise type(error)(
            f"{error.message} No machine with the mark {asked.mark} appeared at {self.stored.name} within "
            f"{waited_s:g} s; look there before you create {asked.name} again.",
            **error.facts | {"mark": asked.mark},
        )

    async def _look(self, asked: Asked, pauses_s: tuple[float, ...]) -> MachineReading | None:
        """The machine that carries the mark, looked for once and again after each pause; `finish` completes it."""
        wanted = spec(self.told, asked.name, asked.mark, self.key)
        trouble: MistError | None = None
        reading: MachineReading | None = None
        for pause_s in (0.0, *pauses_s):
            if pause_s:
                await self.job.pause(pause_s)
            try:
                reading = await self.ctx.providers.call(
                    self.ctx, self.stored, lambda provider: _found(provider, wanted)
                )
                trouble = None
            except ProviderError as error:
                trouble = error
            if reading is not None:
                return reading
        if trouble is not None:
            raise trouble
        return None


def _found(provider: Provider, wanted: MachineSpec) -> MachineReading | None:
    found = provider.find_marked(wanted.mark)
    return None if found is None else provider.finish(wanted, found)


def _created(connection: Connection, creator: Creator, asked: Asked, reading: MachineReading) -> None:
    now = creator.ctx.now()
    known = machines.get(connection, creator.job.account_id, asked.id)
    marked = msgspec.structs.replace(reading, mark=asked.mark)
    inventory.put_reading(connection, creator.stored, marked, now, creator.until)
    if known is not None and known.external_id:
        return
    events.record(
        connection,
        creator.job.actor,
        "machine.created",
        subject=("machine", asked.id, asked.name),
        message=f"{asked.name} was created at {creator.stored.name}",
        details={"external_id": reading.external_id, "backend_id": creator.stored.id},
        job_id=creator.job.id,
        at=now,
    )
