"""The pool of SSH connections for provider threads, without a service around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import TypeVar

from mistserver.providers.base import CommandResult
from mistserver.ssh import command as ssh_command
from mistserver.ssh import forward
from mistserver.ssh.connection import Connection
from mistserver.ssh.pool import Pool
from mistserver.ssh.target import KeyMaterial, Target

T = TypeVar("T")
_OWNER = "lab"


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

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pool: Pool, keys: dict[str, str], jump: Target | None = None
    ) -> None:
        self._loop = loop
        self._pool = pool
        self._keys = keys
        self._jump = jump

    def through(self, host: str, port: int, user: str, key: str) -> LabBridge:
        """The same with a jump host."""
        jump = Target("jump", host, port, (user,), (self._material(key),))
        return LabBridge(self._loop, self._pool, self._keys, jump)

    def remember(self, host: str, port: int, line: str) -> None:
        """Have seen this host key there before."""
        self._pool.host_keys.remember(_OWNER, host, port, line, "")

    def run(self, host: str, port: int, user: str, key: str | None, command: str, timeout_s: float) -> CommandResult:
        async def work() -> CommandResult:
            connection = await self._pool.connect(self._target(host, port, user, key))
            done = await ssh_command.run(connection, command, timeout_s=timeout_s)
            return CommandResult(done.exit_code, done.stdout, done.stderr, done.signal, done.timed_out)

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(60)

    @contextmanager
    def forward_socket(self, host: str, port: int, user: str, key: str | None, remote_path: str) -> Iterator[str]:
        target = self._target(host, port, user, key)
        with self._held(target, lambda connection: forward.forward_unix(connection, remote_path)) as path:
            yield path

    @contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        if self._jump is None:
            yield host, port
            return
        with self._held(self._jump, lambda connection: forward.forward_tcp(connection, host, port)) as address:
            yield address

    @contextmanager
    def _held(self, target: Target, way: Callable[[Connection], AbstractAsyncContextManager[T]]) -> Iterator[T]:
        """A way over a connection to the target, open while the context is."""
        stack = AsyncExitStack()

        async def enter() -> T:
            return await stack.enter_async_context(way(await self._pool.connect(target)))

        found = asyncio.run_coroutine_threadsafe(enter(), self._loop).result(60)
        try:
            yield found
        finally:
            asyncio.run_coroutine_threadsafe(stack.aclose(), self._loop).result(60)

    def _target(self, host: str, port: int, user: str, key: str | None) -> Target:
        return Target(_OWNER, host, port, (user,), (self._material(key or "default"),), self._jump)

    def _material(self, key: str) -> KeyMaterial:
        return KeyMaterial(key, self._keys[key].encode())


@contextmanager
def lab_bridge(keys: dict[str, str], connect_timeout_s: float = 10) -> Iterator[LabBridge]:
    """A bridge whose pool lives on an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    pool = Pool(SeenKeys(), connect_timeout_s=connect_timeout_s, keepalive_s=15, idle_s=60)
    try:
        yield LabBridge(loop, pool, keys)
    finally:
        asyncio.run_coroutine_threadsafe(pool.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
