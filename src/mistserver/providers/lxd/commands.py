"""Commands in instances, as the server starts them: one WebSocket for each of a command's streams."""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from mistserver.domain.errors import (
    MachineError,
    MachineUnreachable,
    ProviderRejected,
)
from mistserver.providers import exec
from mistserver.providers.base import Command, CommandResult
from mistserver.providers.duplex import TICK_S, arrived
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.lxd.api import Api
from mistserver.providers.lxd.websocket import Channel

_PIECE = 32768
_NOTED_S = 2
# The server's commands share a session; `setsid` gives each its own, and is on every usual image. The last line tells
# the exit code: the server itself waits for all that holds the output, and be it in the background.
_WRAPPED = 'if command -v setsid >/dev/null 2>&1; then setsid "$@"; else "$@"; fi; set -- $?; echo "$0 $1"; exit $1'
# What a command in a terminal said last may be lost when it ends before the server has read it.
_LINGERING = "/bin/sh -c {}; set -- $?; sleep 0.2 2>/dev/null || sleep 1; exit $1"
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
_WHO = 'id -u "$0" && id -g "$0" && { getent passwd "$0" || grep "^$0:" /etc/passwd; } | cut -d: -f6'


class Running(exec.Running):
    """A command that was started in an instance."""

    def __init__(self, api: Api, machine: str, argv: list[str], *, tty: bool, who: dict[str, Any]) -> None:
        self._api, self._machine, self._tty = api, machine, tty
        self._channels: dict[str, Channel] = {}
        self._code: int | None = None
        self._last = _LastLine()
        own = argv if tty else ["/bin/sh", "-c", _WRAPPED, self._last.word, *argv]
        environment = {**_ENVIRONMENT, **who.get("environment", {}), **({"TERM": "xterm-256color"} if tty else {})}
        wanted = {**who, "command": own, "environment": environment, "interactive": tty, "wait-for-websocket": True}
        try:
            told = api.begin("POST", at("/1.0/instances/{}/exec", machine), wanted)
        except ProviderRejected as error:
            raise MachineUnreachable(f"The machine takes no commands now: {error.message}") from None
        self._operation = str(told["id"])
        try:
            with understood(api.where):
                fds = dict(told["metadata"]["fds"])
            # the command begins with the last of its streams, and may be over before another is opened
            for name, secret in sorted(fds.items(), reverse=True):
                self._channels[name] = self._opened(str(secret))
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[tuple[str, bytes] | None]:
        names = self._names()
        while any(not self._channels[name].ended for name in names):
            listening = {each.stream: (name, each) for name, each in self._channels.items() if not each.ended}
            try:
                ready = arrived(list(listening), TICK_S)
            except ValueError:  # closed by another thread
                return
            if not ready:
                if self._code is not None:  # only something in the background still holds the output
                    return
                yield None
            for stream in ready:
                name, channel = listening[stream]
                data = self._before_last(name, channel.take())
                if data and name in names:
                    yield names[name], data

    def _names(self) -> dict[str, str]:
        """The channels of the output."""
        return {"0": "stdout"} if self._tty else {"1": "stdout", "2": "stderr"}

    def _before_last(self, name: str, data: bytes) -> bytes:
        if self._tty or name != "1":
            return data
        data = self._last.cut(data, ended=self._channels[name].ended)
        self._code = self._last.code if self._code is None else self._code
        return data

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._channels["0"].send(bytes(view[start : start + _PIECE]))

    def exit_code(self) -> int | None:
        """The server forgets a command some seconds after its end, so what it told is kept."""
        if self._code is not None:
            return self._code
        if all(self._channels[name].ended for name in self._names()):  # it is noted a moment after
            told = self._api.get(at("/1.0/operations/{}/wait", self._operation), timeout=_NOTED_S)
        else:
            told = self._api.get(at("/1.0/operations/{}", self._operation))
        with understood(self._api.where):
            if int(told["status_code"]) in range(100, 200):
                return None
            code = (told.get("metadata") or {}).get("return")
            if code is None:
                raise MachineError(f"The machine did not run the command: {str(told.get('err'))[:500]}")
            self._code = int(code)
        return self._code

    def end(self, signal: str) -> None:
        """By another command in the instance."""
        if self.session is None:
            return
        environment = {"SESSION": str(self.session), "SIGNAL": signal}
        argv = ["/bin/sh", "-c", exec.END]
        with contextlib.closing(
            Running(self._api, self._machine, argv, tty=False, who={"environment": environment})
        ) as ending:
            for _ in ending.frames():
                if ending.exit_code() is not None:
                    return

    def resize(self, cols: int, rows: int) -> None:
        wanted = {"command": "window-resize", "args": {"width": str(cols), "height": str(rows)}}
        with contextlib.suppress(OSError, ValueError):
            self._channels["control"].send_text(json.dumps(wanted).encode())

    def close(self) -> None:
        for each in self._channels.values():
            each.close()

    def _opened(self, secret: str) -> Channel:
        target = f"{at('/1.0/operations/{}/websocket', self._operation)}?secret={quote(secret, safe='')}"
        stream = self._api.stream()
        try:
            return Channel(stream, target, self._api.where, self._api.timeout_s)
        except BaseException:
            stream.close()
            raise


class _LastLine:
    """Finds the line at the end of a command's output that tells its exit code."""

    def __init__(self) -> None:
        self.word = secrets.token_hex(8)
        self.code: int | None = None
        self._mark = f"{self.word} ".encode()
        self._held = b""

    def cut(self, data: bytes, *, ended: bool) -> bytes:
        """The output, as far as it cannot be the last line."""
        data = self._held + data
        found = data.find(self._mark)
        if found < 0 and not ended:
            found = len(data) - next(n for n in range(len(self._mark), -1, -1) if data.endswith(self._mark[:n]))
        if found < 0:
            found = len(data)
        told = data[found + len(self._mark) :].partition(b"\n")
        if self.code is None and told[1] and told[0].isdigit():
            self.code = int(told[0])
            self._held = b""
            return data[:found] + told[2]
        self._held = data[found:]
        return data[:found]


def run(api: Api, machine: str, command: Command) -> CommandResult:
    """See `HasExec.exec`."""
    who = _identity(api, machine, command.user)

    def begin(argv: list[str]) -> Running:
        return Running(api, machine, argv, tty=False, who=who)

    return exec.run(begin, command)


def terminal(api: Api, machine: str, command: str | None, user: str | None, size: tuple[int, int]) -> exec.ExecTerminal:
    """See `HasExec.open_terminal`; `size` is columns and rows."""
    who = _identity(api, machine, user) | {"width": size[0], "height": size[1]}

    def begin(argv: list[str]) -> Running:
        return Running(api, machine, argv, tty=True, who=who)

    return exec.ExecTerminal(begin, _LINGERING.format(shlex.quote(command)) if command else None, api.timeout_s)


def _identity(api: Api, machine: str, user: str | None) -> dict[str, Any]:
    """What the server has to be told of a user: it takes numbers only, so the machine is asked for them."""
    if user in (None, "root"):
        return {"environment": {"HOME": "/root", "USER": "root"}, "cwd": "/root"} if user else {}
    running = Running(api, machine, ["/bin/sh", "-c", _WHO, str(user)], tty=False, who={})
    with contextlib.closing(running):
        said = b"".join(frame[1] for frame in running.frames() if frame is not None and frame[0] == "stdout")
    lines = said.decode("utf-8", "replace").split("\n")
    if len(lines) < 3 or not lines[0].isdecimal() or not lines[1].isdecimal():
        raise MachineError(f"The machine has no user called {str(user)[:80]!a}.", user=str(user)[:80])
    home = lines[2] if lines[2].startswith("/") else "/"
    environment = {"HOME": home, "USER": str(user)}
    return {"user": int(lines[0]), "group": int(lines[1]), "cwd": home, "environment": environment}
