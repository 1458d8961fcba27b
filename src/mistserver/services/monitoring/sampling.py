"""Sampling one machine without an agent, over one held channel: SSH, or what its provider runs there."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mistserver.domain.errors import Internal, MachineError
from mistserver.domain.monitoring import Monitoring
from mistserver.services.context import Context
from mistserver.services.machines import exec_way
from mistserver.services.machines.execute import Captured, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import ExecWay, reach
from mistserver.store import monitoring

if TYPE_CHECKING:
    from mistserver.monitoring.sampling.frames import Frame
    from mistserver.monitoring.sampling.linux import Reader

SECOND_AFTER_S = 2  # percentages need two samples: the second comes soon
_A_TURN_S = 60  # how long a shell that nothing can be said to goes on by itself
_SPARE_S = 30.0


async def hold(ctx: Context, found: Found, record: Monitoring) -> None:
    """Sample the machine until that fails. Returns only to be called again at once."""
    from mistserver.monitoring.sampling.linux import Reader

    work = _Work(ctx, found, record, Reader())
    way = await reach(ctx, found.stored.account_id, found.machine)
    if isinstance(way, ExecWay):
        await work.through_provider(way)
        return
    from mistserver.monitoring.sampling import channel

    opened = await open_way(ctx, way)
    if opened.connection is None:
        raise Internal(f"{found.machine.name} was not connected to.")
    await channel.hold(opened.connection, work.next_tick, work.take)


@dataclass
class _Work:
    """One machine while it is sampled. Ticks fall on a grid of its own, so that machines do not answer all at once."""

    ctx: Context
    found: Found
    record: Monitoring
    reader: Reader
    samples: int = field(default=0)

    async def take(self, frame: Frame) -> None:
        """Keep what a frame says, at the service's own time: the machine's clock does not matter."""
        from mistserver.monitoring.samples import batch

        self.samples += 1
        lines = self.reader.lines(frame)
        if not lines:
            raise MachineError(f"{self.found.machine.name} shows nothing in /proc that can be read; is it Linux?")
        if await self.ctx.database.read(monitoring.secret_hash, self.found.machine.id) is None:
            return
        second = int(self.ctx.now().timestamp())
        store = await self.ctx.metrics.store()
        taken = await store.append(self.found.machine.id, batch([(*line[:2], second, line[2]) for line in lines]))
        for why, count in (("late", taken.late), ("repeated", taken.repeated), ("over_limit", taken.over_limit)):
            self.ctx.metrics.refuse(why, count)

    async def next_tick(self) -> None:
        """Wait for it; the second sample does not wait for the grid."""
        if self.samples == 1 and self.record.interval_s > SECOND_AFTER_S:
            await asyncio.sleep(SECOND_AFTER_S)
            return
        await asyncio.sleep(self._rest_s())

    def _rest_s(self) -> float:
        interval_s = self.record.interval_s
        phase = zlib.crc32(self.found.machine.id.encode()) % (1000 * interval_s) / 1000
        rest_s = interval_s - (self.ctx.now().timestamp() - phase) % interval_s
        # what woke a moment early is not a tick of its own
        return rest_s + interval_s if rest_s < 0.1 else rest_s

    async def through_provider(self, way: ExecWay) -> None:
        """A shell after the other, each for a minute, so that none stays for long when the service is killed."""
        from mistserver.monitoring.sampling import text

        await self._run(way, text.by_itself(2, SECOND_AFTER_S), 2 * SECOND_AFTER_S)
        interval_s = self.record.interval_s
        while True:
            await asyncio.sleep(self._rest_s())
            turns = max(1, _A_TURN_S // interval_s)
            await self._run(way, text.by_itself(turns, interval_s), turns * interval_s)

    async def _run(self, way: ExecWay, command: str, lasts_s: float) -> None:
        from mistserver.monitoring.sampling.frames import Frames

        frames, said, before = Frames(), Captured(limit=4096), self.samples

        async def take(stream: str, data: bytes) -> None:
            if stream == "stdout":
                for frame in frames.feed(data):
                    await self.take(frame)
            else:
                said.take(stream, data)

        outcome = await exec_way.execute(self.ctx, way, Order(text=command, timeout_s=lasts_s + _SPARE_S), take)
        if not outcome.ok or self.samples == before:
            words = " ".join(said.text("stderr").split())[:200]
            raise MachineError(f"{self.found.machine.name} could not be sampled ({words or outcome.exit_code}).")
