"""One order on one machine, whichever way leads there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mistserver.domain.errors import Internal
from mistserver.services.context import Context
from mistserver.services.machines import exec_way
from mistserver.services.machines.orders import OnOutput, Order, Outcome
from mistserver.services.machines.reach import ExecWay, Way, connect
from mistserver.ssh import command

if TYPE_CHECKING:
    from mistserver.ssh.pool import Connection


@dataclass(frozen=True)
class Opened:
    """A way that is ready for orders. `connection` is None where the provider runs them."""

    ctx: Context
    way: Way
    connection: Connection | None

    @property
    def user(self) -> str | None:
        return self.connection.user if self.connection else None

    async def run(self, order: Order, on_output: OnOutput, after: asyncio.Future[None] | None = None) -> Outcome:
        """Cancelling ends the order's processes on the machine. A non-zero exit is no error here.

        It does not begin before `after` is done.
        """
        if isinstance(self.way, ExecWay):
            if after is not None:
                await asyncio.shield(after)
            return await exec_way.execute(self.ctx, self.way, order, on_output)
        if self.connection is None:
            raise Internal(f"{self.way.machine.name} was not connected to.")
        finished = await command.run(
            self.connection,
            order.text,
            sudo=order.sudo,
            stdin=order.stdin,
            timeout_s=order.timeout_s,
            on_output=on_output,
            output_limit=0,
            after=after,
        )
        return Outcome(
            exit_code=finished.exit_code,
            signal=finished.signal,
            timed_out=finished.timed_out,
            user=self.connection.user,
            duration_s=finished.duration_s,
        )


@dataclass
class Captured:
    """Both streams of one order, each kept up to a limit."""

    limit: int = 256 * 1024
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    def take(self, stream: str, data: bytes) -> None:
        kept = self.stdout if stream == "stdout" else self.stderr
        kept += data[: max(0, self.limit - len(kept))]

    def text(self, stream: str = "stdout") -> str:
        return (self.stdout if stream == "stdout" else self.stderr).decode("utf-8", "replace")


async def open_way(ctx: Context, way: Way, timeout_s: float | None = None) -> Opened:
    """Connect where the way needs a connection."""
    if isinstance(way, ExecWay):
        return Opened(ctx, way, None)
    return Opened(ctx, way, await connect(ctx, way, timeout_s))


async def ask(ctx: Context, way: Way, order: Order) -> tuple[Outcome, Captured]:
    """A short order and all that it said."""
    said = Captured()
    opened = await open_way(ctx, way)
    return await opened.run(order, said.take), said
