"""The pooled SSH connections for providers, which block in threads of their own."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.engine import Connection as Database

from mistserver.domain.errors import MachineTimeout, MistError, NotFound, Unavailable
from mistserver.providers.base import CommandResult
from mistserver.services.context import Context
from mistserver.services.host_key_book import book_of
from mistserver.services.machines.reach import jump_target, material
from mistserver.ssh import command as ssh_command
from mistserver.ssh import forward
from mistserver.ssh.target import KeyMaterial, Target
from mistserver.store import host_keys, keys
from mistserver.store.backends import StoredBackend
from mistserver.store.keys import StoredKey

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection

T = TypeVar("T")
_SLACK_S = 5.0


def bridge_of(ctx: Context, stored: StoredBackend) -> Bridge:
    """The SSH of one backend, usable from any thread while the service runs."""
    loop = ctx.jobs.signals.loop
    if loop is None:
        raise Unavailable("The service is starting; ask again in a moment.")
    return Bridge(ctx, stored, loop)


class Bridge:
    """Implements `providers.base.SshBridge`: each call waits in its thread for work done on the event loop.

    Host keys are remembered for the backend, so a hypervisor is known by the key it showed when it was added.
    """

    def __init__(self, ctx: Context, stored: StoredBackend, loop: asyncio.AbstractEventLoop) -> None:
        self._ctx = ctx
        self._stored = stored
        self._loop = loop

    def run(self, host: str, port: int, user: str, key: str | None, command: str, timeout_s: float) -> CommandResult:
        connecting_s = self._ctx.settings.ssh_connect_timeout_s
        return self._wait(self._run((host, port, user, key), command, timeout_s), connecting_s + timeout_s)

    @contextmanager
    def forward_socket(self, host: str, port: int, user: str, key: str | None, remote_path: str) -> Iterator[str]:
        with self._held(lambda: self._socket((host, port, user, key), remote_path)) as path:
            yield path

    @contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        if self._stored.backend.jump_host is None:
            yield host, port
            return
        with self._held(lambda: self._jumped(host, port)) as address:
            yield address

    async def _run(self, login: tuple[str, int, str, str | None], line: str, timeout_s: float) -> CommandResult:
        connection = await self._connection(await self._target(*login))
        done = await ssh_command.run(connection, line, timeout_s=timeout_s)
        return CommandResult(
            exit_code=done.exit_code,
            stdout=done.stdout,
            stderr=done.stderr,
            signal=done.signal,
            timed_out=done.timed_out,
        )

    @asynccontextmanager
    async def _socket(self, login: tuple[str, int, str, str | None], remote_path: str) -> AsyncIterator[str]:
        connection = await self._connection(await self._target(*login))
        async with forward.forward_unix(connection, remote_path) as path:
            yield str(path)

    @asynccontextmanager
    async def _jumped(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        target = await self._jump_target()
        connection = await self._connection(target)
        async with forward.forward_tcp(connection, host, port) as address:
            yield address

    async def _connection(self, target: Target) -> Connection:
        """To the target. An error that the jump host made names the field `jump_host`."""
        jump = target if target.owner == host_keys.jump_owner(self._stored.id) else target.jump
        try:
            return await self._ctx.ssh.connect(target)
        except MistError as error:
            where = error.facts.get("host"), error.facts.get("port")
            if jump is None or where != (jump.host, jump.port):
                raise
            raise type(error)(error.message, **error.facts | {"field": "jump_host"}) from None

    async def _target(self, host: str, port: int, user: str, key: str | None) -> Target:
        owner = host_keys.backend_owner(self._stored.id)
        material_ = await self._key(key)
        jump = await self._jump_target() if self._stored.backend.jump_host else None
        await book_of(self._ctx).load(self._stored.account_id, [owner])
        return Target(owner=owner, host=host, port=port, users=(user,), keys=(material_,), jump=jump)

    async def _jump_target(self) -> Target:
        jump = self._stored.backend.jump_host
        stored_key = None
        if jump is not None:
            stored_key = await self._ctx.database.read(keys.get, self._stored.account_id, jump.key_id)
        target = jump_target(self._ctx, self._stored.backend, stored_key)
        if target is None:
            raise NotFound(f"The backend {self._stored.name!r} has no jump host.", noun="backend", id=self._stored.id)
        await book_of(self._ctx).load(self._stored.account_id, [target.owner])
        return target

    async def _key(self, name: str | None) -> KeyMaterial:
        found = await self._ctx.database.read(_find_key, self._stored.account_id, name)
        if found is None:
            which = f"called {name!r}" if name else "at all"
            raise NotFound(f"There is no key {which} for the backend {self._stored.name!r}; add one.", noun="key")
        return material(self._ctx, found)

    def _wait(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s + _SLACK_S)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise MachineTimeout(f"The backend {self._stored.name!r} did not answer over SSH in time.") from None
        except concurrent.futures.CancelledError:
            raise Unavailable("The service is stopping.") from None

    @contextmanager
    def _held(self, enter: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
        """The value of an asynchronous context that stays open, within one task of the loop, while this one is."""
        ready: concurrent.futures.Future[T] = concurrent.futures.Future()
        leave = asyncio.Event()

        async def hold() -> None:
            try:
                async with enter() as value:
                    ready.set_result(value)
                    await leave.wait()
            except BaseException as error:
                if not ready.done():
                    ready.set_exception(error)
                raise

        holding = asyncio.run_coroutine_threadsafe(hold(), self._loop)
        try:
            yield ready.result(self._ctx.settings.ssh_connect_timeout_s * 2 + _SLACK_S)
        except concurrent.futures.TimeoutError:
            holding.cancel()
            raise MachineTimeout(f"The backend {self._stored.name!r} did not answer over SSH in time.") from None
        except concurrent.futures.CancelledError:
            raise Unavailable("The service is stopping.") from None
        finally:
            self._loop.call_soon_threadsafe(leave.set)


def _find_key(connection: Database, account_id: str, name: str | None) -> StoredKey | None:
    return keys.named(connection, account_id, name) if name else keys.default(connection, account_id)
