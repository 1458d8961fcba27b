from __future__ import annotations

import asyncio

import pytest

from mistserver.domain.errors import MachineAuthFailed, MachineUnreachable
from mistserver.ssh.limits import PER_ADDRESS, Burst, Limits
from mistserver.ssh.target import Target


def _target(owner: str, host: str = "h") -> Target:
    return Target(owner, host, 22, ("root",), ())


async def test_an_address_takes_a_few_at_a_time() -> None:
    limits, inside, most = Limits(), 0, 0

    async def one(n: int) -> None:
        nonlocal inside, most
        async with limits.address(_target(str(n))):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one(n) for n in range(20)))

    assert most == PER_ADDRESS
    assert limits._gates == {}


async def test_a_failure_of_the_network_is_shared_by_those_who_wait() -> None:
    limits, tries = Limits(), 0

    async def one(n: int) -> None:
        nonlocal tries
        async with limits.address(_target(str(n))):
            tries += 1
            await asyncio.sleep(0)
            raise MachineUnreachable("gone", host="h")

    results = await asyncio.gather(*(one(n) for n in range(20)), return_exceptions=True)

    assert tries == PER_ADDRESS
    assert {str(result) for result in results} == {"gone"}
    with pytest.raises(MachineUnreachable):
        await one(99)
    assert tries == PER_ADDRESS + 1


async def test_a_refused_key_is_nobody_elses_failure() -> None:
    limits, tries = Limits(), 0

    async def one(n: int) -> None:
        nonlocal tries
        async with limits.address(_target(str(n))):
            tries += 1
            raise MachineAuthFailed("no")

    await asyncio.gather(*(one(n) for n in range(20)), return_exceptions=True)

    assert tries == 20


async def test_addresses_do_not_wait_for_each_other() -> None:
    limits = Limits()
    async with asyncio.timeout(5), limits.address(_target("a", "one")), limits.address(_target("b", "two")):
        assert len(limits._gates) == 2


async def test_what_hangs_keeps_others_from_beginning_only_for_a_while() -> None:
    burst = Burst(1, patience_s=0.01)

    async with asyncio.timeout(5), burst.place(), burst.place(), burst.place():
        pass


async def test_only_so_many_begin_at_once() -> None:
    burst, inside, most = Burst(2, patience_s=60), 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with burst.place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(10)))

    assert (most, inside) == (2, 0)
