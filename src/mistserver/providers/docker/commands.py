"""Commands in containers: streamed out, fed, timed, and ended with everything that they started."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from mistserver.domain.errors import (
    MachineError,
    MachineLost,
    MachineTimeout,
    MachineUnreachable,
    MistError,
    ProviderRejected,
)
from mistserver.providers.base import CommandResult, OnOutput
from mistserver.providers.docker.api import Api
from mistserver.providers.docker.hijack import Stream, frames, start
from mistserver.providers.http_errors import vendors_words

GRACE_S = 2.0
_LOOK_EVERY_S = 1.0

# The first line of output tells the session's id: the engine starts each command as the leader of its own session.
_RUN = 'echo "$0 $$"; exec /bin/sh -c "$1" </dev/null'
_RUN_FED = 'echo "$0 $$"; head -c "$2" | /bin/sh -c "$1"'
_TERMINAL = 'echo "$0 $$"; if [ -n "$1" ]; then exec /bin/sh -c "$1"; fi; '
_TERMINAL += "if command -v bash >/dev/null 2>&1; then exec bash -l; else exec /bin/sh -l; fi"

# Ends every process of a session, whatever group it put itself into. The sixth field of `stat` is the session.
_END = """
for file in /proc/[0-9]*/stat; do
  { read -r line <"$file"; } 2>/dev/null || continue
  set -- ${line##*) }
  [ "$4" = "$SESSION" ] && { pid=${file#/proc/}; kill -"$SIGNAL" "${pid%/stat}" 2>/dev/null; }
done
:
"""


@dataclass
class Order:
    """One command, and what ends it."""

    command: str
    stdin: bytes
    timeout_s: float
    user: str | None
    on_output: OnOutput
    cancelled: Callable[[], bool]


class Running:
    """A command that was started in a container, as the engine and as the container know it."""

    def __init__(self, api: Api, container: str, argv: list[str], *, tty: bool, user: str | None, fed: bool) -> None:
        self._api, self._container = api, container
        options = {
            "stdin": fed,
            "tty": tty,
            "user": user or "",
            "environment": {"TERM": "xterm-256color"} if tty else None,
        }
        try:
            self.exec_id = str(api.call("exec_create", container, argv, **options)["Id"])
        except ProviderRejected as error:
            if error.facts.get("status") == 409:
                raise MachineUnreachable(f"The container takes no commands now: {error.message}") from None
            raise
        self.session: int | None = None
        self.stream = start(api, self.exec_id, tty=tty)

    def exit_code(self) -> int | None:
        """The exit code; None while it runs."""
        told = self._api.call("exec_inspect", self.exec_id)
        return None if told.get("Running") or told.get("ExitCode") is None else int(told["ExitCode"])

    def end(self, signal: str) -> None:
        """Send a signal to every process of the command's session, by another command in the container."""
        if self.session is None:
            return
        environment = {"SESSION": str(self.session), "SIGNAL": signal}
        made = self._api.call("exec_create", self._container, ["/bin/sh", "-c", _END], environment=environment)
        ending = start(self._api, made["Id"], tty=False)
        until = time.monotonic() + self._api.timeout_s
        with contextlib.closing(ending):
            while ending.recv() != b"" and time.monotonic() < until:
                pass


def run(api: Api, container: str, order: Order) -> CommandResult:
    """See `HasExec.exec`."""
    word = secrets.token_hex(8)
    wrapper = [_RUN_FED, word, order.command, str(len(order.stdin))] if order.stdin else [_RUN, word, order.command]
    running = Running(api, container, ["/bin/sh", "-c", *wrapper], tty=False, user=order.user, fed=bool(order.stdin))
    with contextlib.closing(running.stream):
        if order.stdin:
            threading.Thread(target=_feed, args=(running.stream, order.stdin), daemon=True).start()
        return _Watch(running, order, word).result()


class _Watch:
    """The life of one command, from its first line to its exit code."""

    def __init__(self, running: Running, order: Order, word: str) -> None:
        self._running, self._order = running, order
        self._word = word.encode()
        self._before = b""
        self._until = time.monotonic() + order.timeout_s
        self._ending_at: float | None = None
        self._killed = False
        self._timed_out = False
        self._looked = time.monotonic()

    def result(self) -> CommandResult:
        try:
            for frame in frames(self._running.stream):
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
            raise MachineError(f"The container cannot run commands: {said}")
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
            self._order.on_output(stream, data)

    def _over(self) -> bool:
        """Whether to stop listening; begins the end of a command that has used its time or is not wanted any more."""
        now = time.monotonic()
        if self._ending_at is None:
            self._timed_out = now > self._until
            if self._timed_out or self._order.cancelled():
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
        """The exit code, which the engine notes a moment after the end of the output."""
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until:
            code = self._running.exit_code()
            if code is not None:
                return code
            time.sleep(0.02)
        raise MachineLost("Docker lost the connection to the command before it was done.")


def _feed(stream: Stream, data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        stream.send(data)


class DockerTerminal:
    """A terminal in a container. One thread reads, another does the rest."""

    def __init__(self, api: Api, container: str, command: str | None, user: str | None) -> None:
        self._word = secrets.token_hex(8)
        argv = ["/bin/sh", "-c", _TERMINAL, self._word, command or ""]
        self._running = Running(api, container, argv, tty=True, user=user, fed=True)
        self._api = api
        self._done = False
        try:
            self._ahead = self._began()
        except BaseException:
            self._running.stream.close()
            raise

    def read(self) -> bytes:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        while not self._done:
            data = self._running.stream.recv()
            if data is not None:
                return data
        return b""

    def write(self, data: bytes) -> None:
        try:
            self._running.stream.send(data)
        except (OSError, ValueError):
            raise MachineLost("The terminal's connection to Docker is gone.") from None

    def resize(self, cols: int, rows: int) -> None:
        with contextlib.suppress(MistError):
            self._api.call("exec_resize", self._running.exec_id, height=rows, width=cols)

    def exit_code(self) -> int | None:
        with contextlib.suppress(MistError):
            return self._running.exit_code()
        return None

    def close(self) -> None:
        """The engine would leave the processes running, so they are told that their terminal is gone."""
        if self._done:
            return
        self._done = True
        with contextlib.suppress(MistError):
            if self._running.exit_code() is None:
                self._running.end("HUP")
        self._running.stream.close()

    def _began(self) -> bytes:
        """Wait for the first line, which is ours, and return what came after it."""
        until = time.monotonic() + self._api.timeout_s
        came = b""
        while time.monotonic() < until:
            data = self._running.stream.recv()
            came += data or b""
            first, newline, rest = came.partition(b"\n")
            if newline and first.startswith(self._word.encode() + b" "):
                self._running.session = int(first.split()[1])
                return rest
            if newline or data == b"":
                said = vendors_words(came.decode("utf-8", "replace")) or "it has no /bin/sh"
                raise MachineError(f"The container cannot open a terminal: {said}")
        raise MachineTimeout("The container did not open a terminal in time.")
