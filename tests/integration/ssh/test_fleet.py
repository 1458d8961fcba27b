"""Many hosts at once, some of them bad: each gets its own result, and none costs much memory."""

from __future__ import annotations

import asyncio
import gc

import psutil
import pytest

from mistserver.domain.errors import HostKeyChanged, MachineTimeout, MachineUnreachable, MistError
from mistserver.ssh.command import Finished, run
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import Target
from tests.integration.ssh.kit import Bench, Book, impostor, material
from tests.lab.daemon import free_port
from tests.lab.sshd import fleet, key_pair

FLOOD_BYTES = 50_000_000


@pytest.mark.parametrize("hosts", [40, pytest.param(500, marks=pytest.mark.full)])
async def test_every_host_of_a_fleet_has_its_result(hosts: int, bench: Bench, book: Book) -> None:
    bad = hosts // 20
    with fleet(hosts - 2 * bad, own_keys=False) as good:
        key, flooding, changed = material(good.key), good.hosts[:bad], good.hosts[bad : 2 * bad]
        for one in changed:
            book.remember(one.host, one.host, one.port, key_pair().public, "SHA256:")
        targets = [Target(one.host, one.host, one.port, (good.user,), (key,)) for one in good.hosts]
        async with impostor(_silent) as (host, silent), impostor(_talkative) as (_, talkative):
            targets += [Target(f"silent{n}", host, silent, ("x",), (key,)) for n in range(bad)]
            targets += [Target(f"other{n}", host, (talkative, free_port())[n % 2], ("x",), (key,)) for n in range(bad)]
            results, grown = await _run_all(bench.pool(connect_timeout_s=5), targets, {one.host for one in flooding})

    by_owner = {target.owner: result for target, result in zip(targets, results, strict=True)}
    assert all(isinstance(by_owner[one.host], HostKeyChanged) for one in changed)
    assert all(isinstance(by_owner[f"silent{n}"], MachineTimeout) for n in range(bad))
    assert all(isinstance(by_owner[f"other{n}"], MachineUnreachable) for n in range(bad))
    assert all(_size(by_owner[one.host]) == FLOOD_BYTES for one in flooding)
    assert [_size(by_owner[one.host]) for one in good.hosts[2 * bad :]] == [3] * (hosts - 4 * bad)
    assert grown < 100_000_000


async def _run_all(pool: Pool, targets: list[Target], flooding: set[str]) -> tuple[list[Finished | MistError], int]:
    process = psutil.Process()
    gc.collect()
    peak = before = process.memory_info().rss

    async def note(stream: str, data: bytes) -> None:
        nonlocal peak
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0)

    async def one(target: Target) -> Finished | MistError:
        command = f"head -c {FLOOD_BYTES} /dev/zero" if target.owner in flooding else "echo ok"
        try:
            connection = await pool.connect(target)
            return await run(connection, command, timeout_s=60, on_output=note, output_limit=1000)
        except MistError as error:
            return error

    results = list(await asyncio.gather(*map(one, targets)))
    return results, max(peak, process.memory_info().rss) - before


def _size(result: Finished | MistError) -> int:
    assert isinstance(result, Finished), result
    return result.stdout_bytes


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"not ssh at all\r\n" * 100)
        await writer.drain()
