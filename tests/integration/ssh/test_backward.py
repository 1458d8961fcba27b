"""A port of a real machine that leads back to the service."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from mistserver.domain.errors import MachineError
from mistserver.ssh.backward import MOST_AT_ONCE, listening
from mistserver.ssh.connection import Connection
from mistserver.ssh.pool import Pool
from mistserver.ssh.session import Feed
from tests.integration.ssh.kit import target
from tests.lab.sshd import Sshd, sshd


@pytest.fixture
async def connection(server: Sshd, pool: Pool) -> Connection:
    return await pool.connect(target(server))


async def shout(feed: Feed) -> None:
    while (piece := await feed.read()) is not None:
        await feed.write(piece[1].upper())
    feed.write_eof()


async def said(port: int, words: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_who_connects_there_is_served_here(connection: Connection) -> None:
    async with listening(connection, 0, shout) as there:
        assert await said(there.port, b"hello") == b"HELLO"
        big = b"a" * 3_000_000
        answers = await asyncio.gather(*(said(there.port, big) for _ in range(3)))
        assert answers == [big.upper()] * 3
    with pytest.raises(OSError, match="onnect"):
        await said(there.port, b"hello")


async def test_the_same_port_again_and_one_that_is_taken(connection: Connection) -> None:
    async with listening(connection, 0, shout) as there:
        with pytest.raises(MachineError, match="refused to listen at its port"):
            async with listening(connection, there.port, shout):
                raise AssertionError("two listen at one port")
    async with listening(connection, there.port, shout) as again:
        assert again.port == there.port
        assert await said(again.port, b"x") == b"X"


async def test_too_many_at_once_are_closed(connection: Connection) -> None:
    async with listening(connection, 0, shout) as there:
        held = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(MOST_AT_ONCE)]
        for reader, writer in held:
            writer.write(b"x")
            assert await asyncio.wait_for(reader.read(1), 20) == b"X"
        late = await asyncio.open_connection("127.0.0.1", there.port)
        assert await asyncio.wait_for(late[0].read(), 20) == b""
        for _, writer in [*held, late]:
            writer.close()
            await writer.wait_closed()


async def test_a_lost_connection_is_told(pool: Pool) -> None:
    with sshd() as server:
        opened = await pool.connect(target(server))
        async with listening(opened, 0, shout) as there:
            for each in psutil.Process(server.pid).children(recursive=True):
                each.kill()
            await asyncio.wait_for(there.lost.wait(), 20)


async def test_a_server_that_forwards_nothing_refuses(pool: Pool) -> None:
    with sshd(options={"AllowTcpForwarding": "no"}) as server:
        opened = await pool.connect(target(server))
        with pytest.raises(MachineError, match="refused to listen"):
            async with listening(opened, 0, shout):
                raise AssertionError("it listens")
