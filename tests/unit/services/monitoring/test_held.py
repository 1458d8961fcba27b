"""The machines that the service stays connected with: one that fails holds up no other, and changes are followed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from mistserver.domain.errors import MachineUnreachable
from mistserver.domain.monitoring import Monitoring
from mistserver.services.context import Context
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import held, sampling, tunnel
from mistserver.store import monitoring
from tests.support.watching import START, Watch


class Holds:
    """Stands where machines are connected with: who is held now, how often each was, and what goes wrong."""

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.times: Counter[str] = Counter()
        self.wrong: dict[str, Exception] = {}

    async def hold(self, ctx: Context, found: Found, record: Monitoring) -> None:
        name = f"{found.machine.name}/{record.interval_s}"
        self.times[name] += 1
        if found.machine.name in self.wrong:
            raise self.wrong[found.machine.name]
        self.now.add(name)
        try:
            await asyncio.Event().wait()
        finally:
            self.now.discard(name)


@pytest.fixture
def holds(monkeypatch: pytest.MonkeyPatch) -> Holds:
    made = Holds()
    monkeypatch.setattr(sampling, "hold", made.hold)
    monkeypatch.setattr(tunnel, "hold", made.hold)
    for name in ("LOOK_S", "_FIRST_PAUSE_S", "_LONGEST_PAUSE_S"):
        monkeypatch.setattr(held, name, 0.001)
    return made


def held_one(watch: Watch, name: str, interval_s: int = 10, way: str = "agentless") -> str:
    machine = watch.machines.get(name) or watch.machine(name)
    record = Monitoring(machine_id=machine, way=way, enabled_at=START, interval_s=interval_s)
    watch.small.write(monitoring.put, watch.account, record, "0" * 64)
    return machine


@asynccontextmanager
async def holding(watch: Watch) -> AsyncIterator[None]:
    task = asyncio.create_task(held.hold_all(watch.ctx))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.001)


async def test_each_is_held_as_long_as_it_is_to_be_and_anew_when_that_changes(watch: Watch, holds: Holds) -> None:
    held_one(watch, "a")
    held_one(watch, "b", way="by_hand")
    async with holding(watch):
        await until(lambda: holds.now == {"a/10"})
        held_one(watch, "a", 5)
        await until(lambda: holds.now == {"a/5"})
        machine = held_one(watch, "c")
        await until(lambda: holds.now == {"a/5", "c/10"})
        watch.small.write(monitoring.remove, machine)
        await until(lambda: holds.now == {"a/5"})
    assert holds.now == set()
    assert set(holds.times.values()) == {1}


@pytest.mark.parametrize("error", [MachineUnreachable("b did not answer."), RuntimeError("a fault of ours")])
async def test_one_that_fails_is_tried_again_and_holds_up_no_other(
    watch: Watch, holds: Holds, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    held_one(watch, "a")
    held_one(watch, "b")
    holds.wrong["b"] = error
    async with holding(watch):
        await until(lambda: holds.times["b/10"] > 3)
        assert holds.now == {"a/10"}
        holds.wrong.clear()
        await until(lambda: holds.now == {"a/10", "b/10"})
    said = [record for record in caplog.records if "is interrupted" in record.message]
    assert len(said) == 1


async def test_a_machine_that_is_gone_is_let_go(watch: Watch, holds: Holds) -> None:
    from mistserver.store import inventory

    machine = held_one(watch, "a")
    held_one(watch, "b")
    async with holding(watch):
        await until(lambda: holds.now == {"a/10", "b/10"})
        watch.small.write(inventory.hide, watch.account, machine, START)
        watch.small.write(monitoring.remove, machine)
        await until(lambda: holds.now == {"b/10"})
