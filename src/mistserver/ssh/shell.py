"""An interactive shell, or one command with its input open, on a terminal or without."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from mistserver.domain.errors import InvalidInput
from mistserver.ssh import trouble

if TYPE_CHECKING:
    from mistserver.ssh.connection import Connection
    from mistserver.ssh.session import Feed
    from mistserver.ssh.target import Target

_MOST_CELLS = 4096


class Shell:
    """Bytes in both directions. Read by one task and written by another."""

    def __init__(self, feed: Feed, target: Target, has_terminal: bool) -> None:
        self._feed = feed
        self._target = target
        self._has_terminal = has_terminal

    async def read(self) -> bytes:
        """The next bytes of either stream (a terminal has but one); b"" at the end."""
        piece = await self._feed.read()
        return piece[1] if piece else b""

    async def read_piece(self) -> tuple[str, bytes] | None:
        """The next bytes and their stream, `stdout` or `stderr`; None at the end."""
        return await self._feed.read()

    async def write(self, data: bytes) -> None:
        """Waits while the machine takes no more; MachineLost when it is over."""
        try:
            await self._feed.write(data)
        except OSError:
            raise trouble.lost(self._target, "a shell was open") from None

    def write_eof(self) -> None:
        """End the input; on a terminal, send Ctrl-D with `write` instead."""
        self._feed.write_eof()

    def resize(self, cols: int, rows: int) -> None:
        """Harmless without a terminal and after the end."""
        _check_size(cols, rows)
        if self._has_terminal and not self._feed.closed.is_set():
            self._feed.channel.change_terminal_size(cols, rows)

    async def wait(self) -> int:
        """The exit code, 128 + N when signal N ended it; MachineLost when the connection went first.

        Output has to be read meanwhile.
        """
        await self._feed.over.wait()
        if self._feed.exit_code is not None:
            return self._feed.exit_code
        if self._feed.exit_signal is None:
            raise trouble.lost(self._target, "a shell was open")
        with contextlib.suppress(KeyError):
            return 128 + signal.Signals[f"SIG{self._feed.exit_signal}"].value
        return 255

    def close(self) -> None:
        """End it: the terminal hangs up; without one the command is sent SIGTERM."""
        if not self._has_terminal and not self._feed.over.is_set():
            self._feed.channel.terminate()
        self._feed.close()


async def open_shell(
    connection: Connection,
    command: str | None = None,
    *,
    term: str = "xterm-256color",
    cols: int = 80,
    rows: int = 24,
    pty: bool = True,
) -> Shell:
    """The user's login shell on a terminal, or `command` through it; a command may do without terminal."""
    _check_size(cols, rows)
    if command is not None and "\x00" in command:
        raise InvalidInput("A command cannot hold a NUL character.", field="command")
    if not term.replace("-", "").replace(".", "").replace("+", "").isalnum() or not term.isascii() or len(term) > 64:
        raise InvalidInput(f"{term[:64]!a} is not a terminal type.", field="term")
    if pty or command is None:
        return Shell(await connection.terminal(command, term, cols, rows), connection.target, True)
    return Shell(await connection.command(command), connection.target, False)


def _check_size(cols: int, rows: int) -> None:
    if not (0 < cols <= _MOST_CELLS and 0 < rows <= _MOST_CELLS):
        raise InvalidInput(f"A terminal cannot have {cols} columns and {rows} rows.", field="cols")
