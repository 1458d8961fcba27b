"""What goes through a channel to a shell: terminals and single commands, over SSH or by the provider."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mistserver.domain.errors import MachineLost, NotSupported, TooLarge
from mistserver.providers.base import HasExec, Provider, Terminal
from mistserver.services.context import Context
from mistserver.services.machines import exec_way, frames
from mistserver.services.machines.channel import Channel
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import ExecWay, SshWay, connect
from mistserver.ssh.shell import Shell, open_shell

MAX_INPUT = 16 * 1024 * 1024
_DAY_S = 24 * 3600.0
_CTRL_D = b"\x04"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the client asked for. Without `cols` a command has no terminal; without `command` it is a shell."""

    command: str | None
    cols: int | None
    rows: int | None
    user: str | None

    @property
    def size(self) -> tuple[int, int]:
        return self.cols or 80, self.rows or 24

    @property
    def on_terminal(self) -> bool:
        return self.command is None or self.cols is not None


async def over_ssh(ctx: Context, way: SshWay, wish: Wish, channel: Channel) -> int:
    """A shell, or a command through the user's login shell; its exit code."""
    connection = await connect(ctx, way)
    cols, rows = wish.size
    shell = await open_shell(connection, wish.command, cols=cols, rows=rows, pty=wish.on_terminal)
    try:
        await until_first(_down(channel, shell), _up(channel, shell, wish.on_terminal))
        return await shell.wait()
    finally:
        shell.close()


async def _down(channel: Channel, shell: Shell) -> None:
    while piece := await shell.read_piece():
        await channel.emit(*piece)


async def _up(channel: Channel, shell: Shell, on_terminal: bool) -> None:
    async for message in channel.incoming():
        if isinstance(message, bytes):
            await shell.write(message)
        elif size := frames.size(message):
            shell.resize(*size)
        elif message.get("eof"):
            if on_terminal:
                await shell.write(_CTRL_D)
            else:
                shell.write_eof()


async def until_first(main: Coroutine[Any, Any, None], side: Coroutine[Any, Any, None]) -> None:
    """Until `main` ends, or `side` fails; a `side` that ends well says nothing."""
    both = asyncio.ensure_future(main), asyncio.ensure_future(side)
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if both[0] not in done and both[1].exception() is None:
            await asyncio.wait({both[0]})
    finally:
        for task in both:
            task.cancel()
        results = await asyncio.gather(*both, return_exceptions=True)
    error = next((result for result in results if isinstance(result, Exception)), None)
    # output that came to its end counts, though the input could not be delivered any more
    if error is not None and not (results[0] is None and isinstance(error, MachineLost)):
        raise error


async def through_provider(ctx: Context, way: ExecWay, wish: Wish, channel: Channel) -> int | None:
    """The same without SSH."""
    if wish.on_terminal:
        return await _terminal(ctx, way, wish, channel)
    stdin = bytearray()
    async for message in channel.incoming():
        if isinstance(message, bytes):
            stdin += message
        if len(stdin) > MAX_INPUT:
            raise TooLarge(f"The input of a command on {way.machine.name} may have 16 MiB; copy a file instead.")
    order = Order(text=wish.command or "", stdin=bytes(stdin), user=wish.user, timeout_s=_DAY_S)
    outcome = await exec_way.execute(ctx, way, order, channel.emit)
    return 255 if outcome.exit_code is None else outcome.exit_code


async def _terminal(ctx: Context, way: ExecWay, wish: Wish, channel: Channel) -> int | None:
    """Two threads for a blocking terminal: one opens and reads it, one writes."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Terminal] = loop.create_future()
    closed = threading.Event()

    def read(provider: Provider) -> int | None:
        if not isinstance(provider, HasExec):
            raise NotSupported(f"{provider.title} cannot open terminals.", provider=provider.id)
        terminal = provider.open_terminal(way.machine.external_id, wish.command, *wish.size, wish.user)
        try:
            loop.call_soon_threadsafe(opened.set_result, terminal)
            while not closed.is_set() and (data := terminal.read()):
                asyncio.run_coroutine_threadsafe(channel.emit("stdout", data), loop).result()
            return terminal.exit_code()
        finally:
            terminal.close()

    reading = asyncio.ensure_future(exec_way.in_thread(ctx, way, read))
    writer = ThreadPoolExecutor(1, "terminal")
    either: list[asyncio.Future[Any]] = [reading, opened]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            code = await _typed(channel, opened.result(), reading, writer)
            return 255 if code is None else code
        return await reading
    finally:
        closed.set()
        reading.cancel()
        if opened.done():
            writer.submit(opened.result().close)
        writer.shutdown(wait=False)


async def _typed(
    channel: Channel, terminal: Terminal, reading: asyncio.Future[int | None], writer: ThreadPoolExecutor
) -> int | None:
    loop = asyncio.get_running_loop()

    async def write() -> None:
        async for message in channel.incoming():
            if isinstance(message, bytes):
                await loop.run_in_executor(writer, terminal.write, message)
            elif size := frames.size(message):
                await loop.run_in_executor(writer, terminal.resize, *size)
            elif message.get("eof"):
                await loop.run_in_executor(writer, terminal.write, _CTRL_D)

    async def read() -> None:
        await asyncio.shield(reading)

    try:
        await until_first(read(), write())
    except OSError as error:
        raise MachineLost(f"The terminal broke ({type(error).__name__}).") from None
    return reading.result()
