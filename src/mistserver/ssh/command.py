"""Running one command on a machine, with its output as it comes; nothing of it is left when we stop waiting."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mistserver.ssh import trouble
from mistserver.ssh.script import wrap

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection
    from mistserver.ssh.session import Feed

OnOutput = Callable[[str, bytes], Awaitable[None] | None]
OUTPUT_LIMIT = 1024 * 1024
_END_S = 5.0  # how long a command may take to end after a time-out: SIGTERM, 2 s, SIGKILL


@dataclass(frozen=True)
class Finished:
    """What a command left behind. `exit_code` is None when a signal (`signal`, without SIG) or a time-out ended it.

    `stdout` and `stderr` hold the first bytes up to the limit, `stdout_bytes` and `stderr_bytes` count all.
    """

    exit_code: int | None
    signal: str | None
    timed_out: bool
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    stdout_bytes: int
    stderr_bytes: int
    duration_s: float


class _Output:
    """Keeps the first bytes of each stream, counts all of them and hands them on."""

    def __init__(self, on_output: OnOutput | None, limit: int) -> None:
        self.kept = {"stdout": bytearray(), "stderr": bytearray()}
        self.counts = {"stdout": 0, "stderr": 0}
        self._on_output = on_output
        self._limit = limit

    async def take_all(self, feed: Feed) -> None:
        while (piece := await feed.read()) is not None:
            stream, data = piece
            kept = self.kept[stream]
            kept += data[: max(0, self._limit - len(kept))]
            self.counts[stream] += len(data)
            if self._on_output is not None:
                waiting = self._on_output(stream, data)
                if inspect.isawaitable(waiting):
                    await waiting


async def run(  # noqa: PLR0913 - everything after the command is named
    connection: Connection,
    command: str,
    *,
    sudo: bool = False,
    stdin: bytes = b"",
    timeout_s: float,
    on_output: OnOutput | None = None,
    output_limit: int = OUTPUT_LIMIT,
    after: asyncio.Future[None] | None = None,
) -> Finished:
    """Run `command` through `/bin/sh`, with `sudo -n` unless already root.

    With `after` the machine is made ready at once, but learns the command only when that is done; if it fails, never.
    On time-out, and when the calling task is cancelled, the remote process group is ended (SIGTERM, after 2 s SIGKILL);
    it ends by itself when the connection is lost, which raises MachineLost. A slow `on_output` slows the command down.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    script = wrap(command, stdin=stdin, sudo=sudo and connection.user != "root")
    output, timed_out = _Output(on_output, output_limit), False
    feed = await connection.command(script.line, repeatable=True)  # it only waits for the payload
    try:
        if after is not None:
            await asyncio.shield(after)
        try:
            async with asyncio.timeout(timeout_s):
                await _send(feed, script.payload)
                await output.take_all(feed)
        except TimeoutError:
            timed_out = True
            await _end(feed, output)
    finally:
        feed.abandon()
    if not timed_out and not feed.exited:
        raise trouble.lost(connection.target, "a command ran")
    return Finished(
        exit_code=None if timed_out else feed.exit_code,
        signal=feed.exit_signal,
        timed_out=timed_out,
        stdout=bytes(output.kept["stdout"]),
        stderr=bytes(output.kept["stderr"]),
        stdout_bytes=output.counts["stdout"],
        stderr_bytes=output.counts["stderr"],
        duration_s=loop.time() - started,
    )


async def _send(feed: Feed, payload: bytes) -> None:
    """A command that cannot be sent has left a reason among its output, or the connection is lost: both come later."""
    try:
        await feed.write(payload)
    except OSError:
        return


async def _end(feed: Feed, output: _Output) -> None:
    feed.write_eof()
    try:
        async with asyncio.timeout(_END_S):
            await output.take_all(feed)
    except TimeoutError:
        return
