"""Commands in machines through their host's API: streamed out, fed, timed, and ended with everything that they started.

What differs between vendors is a `Running`: how a command is started, and how its bytes come and go.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from mistserver.domain.errors import MachineError, MachineLost, MachineTimeout, MistError
from mistserver.providers.base import Command, CommandResult
from mistserver.providers.http_errors import vendors_words

GRACE_S = 2.0
_LOOK_EVERY_S = 1.0

# The first line of output tells the session's id: each command has to be the leader of its own session.
_RUN = 'echo "$0 $$"; exec /bin/sh -c "$1" </dev/null'
_RUN_FED = 'echo "$0 $$"; head -c "$2" | /bin/sh -c "$1"'
_TERMINAL = 'echo "$0 $$"; if [ -n "$1" ]; then exec /bin/sh -c "$1"; fi; '
_TERMINAL += "if command -v bash >/dev/null 2>&1; then exec bash -l; else exec /bin/sh -l; fi"

# Ends every process of a session, whatever group it put itself into. The sixth field of `stat` is the session.
END = """
for file in /proc/[0-9]*/stat; do
  { read -r line <"$file"; } 2>/dev/null || continue
  set -- ${line##*) }
  [ "$4" = "$SESSION" ] && { pid=${file#/proc/}; kill -"$SIGNAL" "${pid%/stat}" 2>/dev/null; }
done
:
"""


class Running(ABC):
    """A command that was started in a machine. `session` is its session's id there, known from its first line on."""

    session: int | None = None

    @abstractmethod
    def frames(self) -> Iterator[tuple[str, bytes] | None]:
        """Stream name and data, as they come (a terminal's all as `stdout`); None for each tick of silence."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """All of `data` to its input. OSError or ValueError when the other side is gone."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """The exit code; None while it runs."""

    @abstractmethod
    def end(self, signal: str) -> None:
        """Send a signal to every process of its session (`END`); nothing while the session is not known."""

    @abstractmethod
    def resize(self, cols: int, rows: int) -> None:
        """Of its terminal."""

    @abstractmethod
    def close(self) -> None:
        """Listen no more; must not raise."""


def run(start: Callable[[list[str]], Running], command: Command) -> CommandResult:
    """See `HasExec.exec`. `start` takes the words of the command that is really started."""
    word = secrets.token_hex(8)
    wrapper = [_RUN_FED, word, command.line, str(len(command.stdin))] if command.stdin else [_RUN, word, command.line]
    with contextlib.closing(start(["/bin/sh", "-c", *wrapper])) as running:
        if command.stdin:
            threading.Thread(target=_feed, args=(running, command.stdin), daemon=True).start()
        return _Watch(running, command, word).result()


def _feed(running: Running, data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        running.send(data)


class _Watch:
    """The life of one command, from its first line to its exit code."""

    def __init__(self, running: Running, command: Command, word: str) -> None:
        self._running, self._command = running, command
        self._word = word.encode()
        self._before = b""
        self._until = time.monotonic() + command.timeout_s
        self._ending_at: float | None = None
        self._killed = False
        self._timed_out = False
        self._looked = time.monotonic()

    def result(self) -> CommandResult:
        try:
            for frame in self._running.frames():
                if frame is not None:
                    self._take(*frame)
                if self._over() or (frame is None and self._left_behind()):
                    break
        except BaseException:  # whoever listened is gone, and nobody waits for the command any more
            with contextlib.suppress(MistError):
                self._running.end("KILL")
            raise
        if self._running.session is None and self._ending_at is None:
            said = vendors_words(self._before.decode("utf-8", "replace")) or "it has no /bin/sh"
            raise MachineError(f"The machine cannot run commands: {said}")
        code = None if self._ending_at is not None else self._code()
        return CommandResult(code, b"", b"", timed_out=self._timed_out)

    def _take(self, stream: str, data: bytes) -> None:
        if self._running.session is None and stream == "stdout":
            self._before += data
            first, newline, data = self._before.partition(b"\n")
            if not newline or not first.startswith(self._word + b" "):
                return
            self._running.session = int(first.split()[1])
        if data and self._ending_at is None:
            self._command.on_output(stream, data)

    def _over(self) -> bool:
        """Whether to stop listening; begins the end of a command that has used its time or is not wanted any more."""
        now = time.monotonic()
        if self._ending_at is None:
            self._timed_out = now > self._until
            if self._timed_out or self._command.cancelled():
                self._ending_at = now
                self._running.end("TERM")
            return False
        if now > self._ending_at + GRACE_S and not self._killed:
            self._killed = True
            self._running.end("KILL")
        return now > self._ending_at + 2 * GRACE_S

    def _left_behind(self) -> bool:
        """Whether the command itself is done, and only something in its background still holds its output."""
        now = time.monotonic()
        if now < self._looked + _LOOK_EVERY_S:
            return False
        self._looked = now
        return self._running.exit_code() is not None

    def _code(self) -> int:
        """The exit code, which the host notes a moment after the end of the output."""
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until:
            code = self._running.exit_code()
            if code is not None:
                return code
            time.sleep(0.02)
        raise MachineLost("The connection to the command was lost before it was done.")


class ExecTerminal:
    """A terminal in a machine. One thread reads, another does the rest."""

    def __init__(self, start: Callable[[list[str]], Running], command: str | None, timeout_s: float) -> None:
        self._word = secrets.token_hex(8)
        self._running = start(["/bin/sh", "-c", _TERMINAL, self._word, command or ""])
        self._frames = self._running.frames()
        self._done = False
        try:
            self._ahead = self._began(timeout_s)
        except BaseException:
            self._running.close()
            raise

    def read(self) -> bytes:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        while not self._done:
            data = self._more()
            if data is not None:
                return data
        return b""

    def write(self, data: bytes) -> None:
        try:
            self._running.send(data)
        except (OSError, ValueError):
            raise MachineLost("The terminal's connection is gone.") from None

    def resize(self, cols: int, rows: int) -> None:
        with contextlib.suppress(MistError):
            self._running.resize(cols, rows)

    def exit_code(self) -> int | None:
        with contextlib.suppress(MistError):
            return self._running.exit_code()
        return None

    def close(self) -> None:
        """The host would leave the processes running, so they are told that their terminal is gone."""
        if self._done:
            return
        self._done = True
        with contextlib.suppress(MistError):
            if self._running.exit_code() is None:
                self._running.end("HUP")
        self._running.close()

    def _more(self) -> bytes | None:
        """The next bytes; None when there were none within a tick; b"" at the end."""
        frame = next(self._frames, ("stdout", b""))
        return None if frame is None else frame[1]

    def _began(self, timeout_s: float) -> bytes:
        """Wait for the first line, which is ours, and return what came after it."""
        until = time.monotonic() + timeout_s
        came = b""
        while time.monotonic() < until:
            data = self._more()
            came += data or b""
            first, newline, rest = came.partition(b"\n")
            if newline and first.startswith(self._word.encode() + b" "):
                self._running.session = int(first.split()[1])
                return rest
            if newline or data == b"":
                said = vendors_words(came.decode("utf-8", "replace")) or "it has no /bin/sh"
                raise MachineError(f"The machine cannot open a terminal: {said}")
        raise MachineTimeout("The machine did not open a terminal in time.")
