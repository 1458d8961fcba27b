"""Commands in containers, as the engine starts them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from mistserver.domain.errors import MachineUnreachable, ProviderRejected
from mistserver.providers import exec
from mistserver.providers.base import Command, CommandResult
from mistserver.providers.docker.api import Api
from mistserver.providers.docker.hijack import frames, start


class Running(exec.Running):
    """A command that was started in a container, which the engine does as the leader of its own session."""

    def __init__(self, api: Api, container: str, argv: list[str], *, tty: bool, user: str | None, fed: bool) -> None:
        self._api, self._container, self._tty = api, container, tty
        options = {
            "stdin": fed,
            "tty": tty,
            "user": user or "",
            "environment": {"TERM": "xterm-256color"} if tty else None,
        }
        try:
            self._exec_id = str(api.call("exec_create", container, argv, **options)["Id"])
        except ProviderRejected as error:
            if error.facts.get("status") == 409:
                raise MachineUnreachable(f"The container takes no commands now: {error.message}") from None
            raise
        self._stream = start(api, self._exec_id, tty=tty)

    def frames(self) -> Iterator[tuple[str, bytes] | None]:
        if not self._tty:
            yield from frames(self._stream)
            return
        while (data := self._stream.recv()) != b"":
            yield None if data is None else ("stdout", data)

    def send(self, data: bytes) -> None:
        self._stream.send(data)

    def exit_code(self) -> int | None:
        told = self._api.call("exec_inspect", self._exec_id)
        return None if told.get("Running") or told.get("ExitCode") is None else int(told["ExitCode"])

    def end(self, signal: str) -> None:
        """By another command in the container."""
        if self.session is None:
            return
        environment = {"SESSION": str(self.session), "SIGNAL": signal}
        made = self._api.call("exec_create", self._container, ["/bin/sh", "-c", exec.END], environment=environment)
        ending = start(self._api, made["Id"], tty=False)
        until = time.monotonic() + self._api.timeout_s
        with contextlib.closing(ending):
            while ending.recv() != b"" and time.monotonic() < until:
                pass

    def resize(self, cols: int, rows: int) -> None:
        self._api.call("exec_resize", self._exec_id, height=rows, width=cols)

    def close(self) -> None:
        self._stream.close()


def run(api: Api, container: str, command: Command) -> CommandResult:
    """See `HasExec.exec`."""
    return exec.run(
        lambda argv: Running(api, container, argv, tty=False, user=command.user, fed=bool(command.stdin)), command
    )


def terminal(api: Api, container: str, command: str | None, user: str | None) -> exec.ExecTerminal:
    """See `HasExec.open_terminal`."""

    def begin(argv: list[str]) -> Running:
        return Running(api, container, argv, tty=True, user=user, fed=True)

    return exec.ExecTerminal(begin, command, api.timeout_s)
