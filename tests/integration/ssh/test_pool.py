"""The life of pooled connections, and what else can answer on a port."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
from types import FunctionType, ModuleType

import pytest

from mistserver.domain.errors import MachineTimeout, MachineUnreachable, MistError
from mistserver.ssh.command import run
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import Target
from tests.integration.ssh.kit import Bench, eventually, impostor, logins, material, running, target
from tests.lab.daemon import free_port
from tests.lab.sshd import Sshd, fleet, key_pair, sshd

KEYS = (material(key_pair()),)


def at(port: int, owner: str = "machine", host: str = "127.0.0.1") -> Target:
    return Target(owner, host, port, ("root",), KEYS)


def sessions_of(server: Sshd) -> list[int]:
    """The processes that serve the open connections."""
    found = subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_closed_port(pool: Pool) -> None:
    port = free_port()

    with pytest.raises(MachineUnreachable, match=f"127.0.0.1:{port} cannot be reached .Connection refused"):
        await pool.connect(at(port))


async def test_a_name_that_does_not_exist(pool: Pool) -> None:
    with pytest.raises(MachineUnreachable, match="cannot be resolved"):
        await pool.connect(at(22, host="no-such-host.invalid"))


async def test_a_host_that_accepts_and_says_nothing(bench: Bench) -> None:
    async with impostor(silent) as (_, port):
        with pytest.raises(MachineTimeout, match=f"127.0.0.1:{port} accepted the connection but sent no SSH greeting"):
            await bench.pool(connect_timeout_s=0.2).connect(at(port))


async def test_a_host_that_greets_and_then_says_nothing(bench: Bench) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-Half\r\n")
        await asyncio.Event().wait()

    async with impostor(half) as (_, port):
        with pytest.raises(MachineTimeout, match="did not finish the login"):
            await bench.pool(connect_timeout_s=0.3).connect(at(port))


async def test_a_service_that_is_not_ssh(bench: Bench) -> None:
    async def mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example \x1b[31mESMTP\r\n")
        await asyncio.Event().wait()

    async with impostor(mail) as (_, port):
        with pytest.raises(MachineUnreachable, match="does not speak SSH") as caught:
            await bench.pool(connect_timeout_s=0.3).connect(at(port))

    assert "220 mail.example" in caught.value.message
    assert "\x1b" not in caught.value.message


async def test_a_flood_before_the_greeting_is_cut(pool: Pool) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"x" * 999 + b"\n")
            sent += 1000
            await writer.drain()

    async with impostor(flood) as (_, port):
        with pytest.raises(MachineUnreachable, match="does not speak SSH"):
            await pool.connect(at(port))


async def test_garbage_after_the_greeting(pool: Pool) -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n" + b"\xff" * 4096)
        await reader.read()

    async with impostor(garbage) as (_, port):
        with pytest.raises(MachineUnreachable, match=f"handshake with 127.0.0.1:{port} failed"):
            await pool.connect(at(port))


async def test_a_server_that_closes_before_its_greeting_is_tried_again_then_named(pool: Pool) -> None:
    calls = 0

    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1

    async with impostor(slam) as (_, port):
        with pytest.raises(MachineUnreachable, match=f"127.0.0.1:{port} closed the connection"):
            await pool.connect(at(port))

    assert calls == 3


async def test_all_who_wait_for_a_silent_address_share_its_failure(bench: Bench) -> None:
    calls = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.read()

    pool = bench.pool(connect_timeout_s=0.3)
    async with impostor(count) as (_, port):
        targets = [at(port, f"machine{n}") for n in range(40)]
        results = await asyncio.gather(*(pool.connect(one) for one in targets), return_exceptions=True)

    assert calls <= 4
    assert all(isinstance(result, MachineTimeout) for result in results)
    assert len({id(result) for result in results}) == 40


async def test_forty_machines_on_one_address_pass_the_default_limit_of_sshd(bench: Bench) -> None:
    pool = bench.pool()
    with sshd(options={"MaxStartups": "10:30:100"}) as server:
        connections = await asyncio.gather(*(pool.connect(target(server, owner=f"m{n}")) for n in range(40)))

    assert len({id(connection.link) for connection in connections}) == 40


async def test_a_fleet(bench: Bench) -> None:
    pool = bench.pool()
    with fleet(20) as hosts:
        key = material(hosts.key)
        targets = [Target(one.host, one.host, one.port, (hosts.user,), (key,)) for one in hosts.hosts]

        async def name(one: Target) -> bytes:
            return (await run(await pool.connect(one), "echo $SSH_CONNECTION", timeout_s=20)).stdout.split()[2]

        assert [n.decode() for n in await asyncio.gather(*map(name, targets))] == [one.host for one in targets]


async def test_a_callers_own_time_limit(bench: Bench) -> None:
    async with impostor(silent) as (_, port):
        with pytest.raises(MachineTimeout, match=r"no connection to .* within 0\.1 s"):
            await bench.pool().connect(at(port), timeout_s=0.1)


async def test_a_cancelled_caller_leaves_no_attempt_behind(bench: Bench) -> None:
    gone = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async with impostor(watch) as (_, port):
        with pytest.raises(MistError):
            await bench.pool().connect(at(port), timeout_s=0.1)
        await asyncio.wait_for(gone.wait(), 5)


async def test_an_unused_connection_closes_itself(server: Sshd, bench: Bench) -> None:
    pool = bench.pool(idle_s=0.1)
    connection = await pool.connect(target(server))
    await run(connection, "true", timeout_s=5)

    await asyncio.wait_for(connection.link.closed.wait(), 5)

    assert pool.open_links == 0
    assert (await run(connection, "echo again", timeout_s=5)).stdout == b"again\n"


async def test_a_connection_in_use_does_not_close_itself(server: Sshd, bench: Bench) -> None:
    connection = await bench.pool(idle_s=0.05).connect(target(server))

    assert (await run(connection, "sleep 0.5; echo done", timeout_s=5)).stdout == b"done\n"


async def test_a_connection_that_died_unnoticed_is_replaced(bench: Bench) -> None:
    with sshd() as server:
        connection = await bench.pool().connect(target(server))
        first = connection.link
        await eventually(lambda: sessions_of(server) != [])
        for pid in sessions_of(server):
            os.kill(pid, signal.SIGKILL)
            await eventually(lambda pid=pid: not running(pid))  # type: ignore[misc]

        result = await run(connection, "echo here", timeout_s=5)

    assert result.stdout == b"here\n"
    assert connection.link is not first


async def test_a_peer_that_freezes_is_noticed_by_keepalive(bench: Bench) -> None:
    with sshd() as server:
        connection = await bench.pool(keepalive_s=0.2).connect(target(server))
        frozen = [int(p) for top in sessions_of(server) for p in _family(top)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.wait_for(connection.link.closed.wait(), 10)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGKILL)


async def test_more_sessions_than_a_connection_may_have(bench: Bench) -> None:
    pool = bench.pool()
    with sshd(options={"MaxSessions": "2"}) as server:
        connections = [await pool.connect(target(server)) for _ in range(7)]
        results = await asyncio.gather(*(run(one, "sleep 0.3; echo ok", timeout_s=20) for one in connections))

        assert [result.stdout for result in results] == [b"ok\n"] * 7
        assert 2 <= logins(server) <= 7


async def test_forgetting_an_owner_closes_only_its_connections(server: Sshd, bench: Bench) -> None:
    pool = bench.pool()
    mine = await pool.connect(target(server, owner="mine"))
    other = await pool.connect(target(server, owner="other"))

    await pool.forget("mine")

    await asyncio.wait_for(mine.link.closed.wait(), 5)
    assert other.link.alive


async def test_closing_the_pool_closes_everything(server: Sshd, bench: Bench) -> None:
    pool = bench.pool()
    connection = await pool.connect(target(server))

    await pool.close()

    assert connection.link.closed.is_set()
    with pytest.raises(MistError, match="stopping"):
        await pool.connect(target(server, owner="late"))


async def test_no_private_key_stays_in_an_idle_pool(server: Sshd, pool: Pool) -> None:
    await pool.connect(target(server))

    secret = server.private_key_pem.encode()
    found = [one for one in _reachable(pool) if isinstance(one, bytes)]
    assert found
    assert secret not in found


async def test_the_memory_of_limits_is_given_back(pool: Pool) -> None:
    port = free_port()
    for _ in range(3):
        with pytest.raises(MachineUnreachable):
            await pool.connect(at(port))

    await eventually(lambda: not pool._limits._gates)


def _reachable(root: object) -> list[object]:
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        one = todo.pop()
        if id(one) not in seen and not isinstance(one, (type, ModuleType, FunctionType)):
            seen[id(one)] = one
            todo.extend(gc.get_referents(one))
    return list(seen.values())


def _family(pid: int) -> list[str]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [str(pid), *found]
