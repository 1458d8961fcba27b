"""The pool of SSH connections for provider threads, without a service around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from mistserver.providers.base import CommandResult
from mistserver.ssh import command as ssh_command
from mistserver.ssh import forward
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import KeyMaterial, Target


class SeenKeys:
    """A memory of host keys that starts empty."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str, int], list[str]] = {}

    def known(self, owner: str, host: str, port: int) -> list[str]:
        return self.lines.get((owner, host, port), [])

    def remember(self, owner: str, host: str, port: int, line: str, fingerprint: str) -> None:
        self.lines.setdefault((owner, host, port), []).append(line)


class LabBridge:
    """Implements `SshBridge`; the keys of the backend are `keys`: name -> private key (PEM)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Pool, keys: dict[str, str]) -> None:
        self._loop = loop
        self._pool = pool
        self._keys = keys

    def run(self, host: str, port: int, user: str, key: str | None, command: str, timeout_s: float) -> CommandResult:
        async def work() -> CommandResult:
            connection = await self._pool.connect(self._target(host, port, user, key))
            done = await ssh_command.run(connection, command, timeout_s=timeout_s)
            return CommandResult(done.exit_code, done.stdout, done.stderr, done.signal, done.timed_out)

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(60)

    @contextmanager
    def forward_socket(self, host: str, port: int, user: str, key: str | None, remote_path: str) -> Iterator[str]:
        stack = AsyncExitStack()

        async def enter() -> str:
            connection = await self._pool.connect(self._target(host, port, user, key))
            return await stack.enter_async_context(forward.forward_unix(connection, remote_path))

        path = asyncio.run_coroutine_threadsafe(enter(), self._loop).result(60)
        try:
            yield path
        finally:
            asyncio.run_coroutine_threadsafe(stack.aclose(), self._loop).result(60)

    @contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        yield host, port

    def _target(self, host: str, port: int, user: str, key: str | None) -> Target:
        material = KeyMaterial(key or "default", self._keys[key or "default"].encode())
        return Target("lab", host, port, (user,), (material,))


@contextmanager
def lab_bridge(keys: dict[str, str]) -> Iterator[LabBridge]:
    """A bridge whose pool lives on an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    pool = Pool(SeenKeys(), connect_timeout_s=10, keepalive_s=15, idle_s=60)
    try:
        yield LabBridge(loop, pool, keys)
    finally:
        asyncio.run_coroutine_threadsafe(pool.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
