"""What the tests of the SSH pool share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mistserver.ssh.pool import Pool
from mistserver.ssh.target import KeyMaterial, Target
from tests.lab.sshd import KeyPair, Sshd

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Book:
    """Host keys in memory, by owner, host and port."""

    lines: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)

    def known(self, owner: str, host: str, port: int) -> Sequence[str]:
        return self.lines.get((owner, host, port), [])

    def remember(self, owner: str, host: str, port: int, line: str, fingerprint: str) -> None:
        assert fingerprint.startswith("SHA256:")
        self.lines.setdefault((owner, host, port), []).append(line)


@dataclass
class Bench:
    """Makes pools that the fixture closes."""

    book: Book
    pools: list[Pool] = field(default_factory=list)

    def pool(self, connect_timeout_s: float = 10.0, keepalive_s: float = 15.0, idle_s: float = 60.0) -> Pool:
        made = Pool(self.book, connect_timeout_s=connect_timeout_s, keepalive_s=keepalive_s, idle_s=idle_s)
        self.pools.append(made)
        return made


def material(key: KeyPair, key_id: str = "key") -> KeyMaterial:
    return KeyMaterial(id=key_id, private=key.private.encode())


def target(
    server: Sshd,
    *,
    owner: str = "machine",
    users: tuple[str, ...] = (),
    keys: tuple[KeyMaterial, ...] = (),
    jump: Target | None = None,
) -> Target:
    """The way to a server of the lab, with its own user and key unless others are given."""
    return Target(owner, server.host, server.port, users or (server.user,), keys or (material(server.key),), jump)


def logins(server: Sshd) -> int:
    return server.log_text().count("Accepted publickey")


async def eventually(fact: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Return once it is true; fail when it never becomes so."""
    deadline = time.monotonic() + timeout_s
    while not fact():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.02)


def running(pid: int) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@asynccontextmanager
async def impostor(serve: Serve) -> AsyncIterator[tuple[str, int]]:
    """Something that is not an SSH server, on a loopback port."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[:2]
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
