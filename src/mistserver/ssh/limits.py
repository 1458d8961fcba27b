"""How many connections may be under way at once, and that those who wait for one address share its failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mistserver.domain.errors import MistError
from mistserver.ssh import trouble
from mistserver.ssh.target import Target

PER_ADDRESS = 4  # sshd's default MaxStartups starts to drop logins at 10
CONNECTS = 32
HANDSHAKES = 32  # each takes ten milliseconds of processor time, so that none of them comes near its time-out
PATIENCE_S = 2.0  # what takes longer is waiting for the other side, and keeps nobody else from beginning


@dataclass
class _Gate:
    slots: asyncio.Semaphore
    users: int = 0
    failures: int = 0
    error: MistError | None = None


class Burst:
    """How many may begin at once. Hosts that hang give their place back after a while: they cost the others little."""

    def __init__(self, places: int, patience_s: float = PATIENCE_S) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience_s = patience_s

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        await self._places.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._places.release()

        timer = asyncio.get_running_loop().call_later(self._patience_s, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()


@dataclass
class Limits:
    """One per pool. Time spent waiting here counts against no time-out of a machine."""

    connects: Burst = field(default_factory=lambda: Burst(CONNECTS))
    handshakes: Burst = field(default_factory=lambda: Burst(HANDSHAKES))
    _gates: dict[tuple[str, int, object], _Gate] = field(default_factory=dict)

    @asynccontextmanager
    async def address(self, target: Target) -> AsyncIterator[None]:
        """A place among the few connections under way to this address.

        When one of them fails for a reason of the network, all that wait here at that time fail alike: otherwise a
        silent host would hold each of them for a whole time-out, one after the other.
        """
        key = (target.host, target.port, target.jump and target.jump.place)
        gate = self._gates.setdefault(key, _Gate(asyncio.Semaphore(PER_ADDRESS)))
        gate.users += 1
        seen = gate.failures
        try:
            async with gate.slots:
                if gate.failures != seen and gate.error is not None:
                    raise trouble.again(gate.error)
                try:
                    yield
                except MistError as error:
                    if error.retryable:
                        gate.failures, gate.error = gate.failures + 1, error
                    raise
        finally:
            gate.users -= 1
            if not gate.users:
                self._gates.pop(key, None)
