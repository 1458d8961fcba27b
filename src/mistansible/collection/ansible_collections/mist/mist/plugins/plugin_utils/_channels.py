# SPDX-License-Identifier: Apache-2.0
"""A command, or a file, over the service's WebSocket; as Ansible's connections want it."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mistclient import Machine
    from mistclient.channel import Channel


class Command(NamedTuple):
    """`become` is the plugin that makes another user of the one who signed in; with `password` it is said to ask."""

    text: str
    user: str | None
    stdin: bytes = b""
    become: Any = None
    password: str = ""
    prompt_timeout_s: float = 12.0


def execute(machine: Machine, command: Command) -> tuple[int, bytes, bytes]:
    """Exit code and outputs. MachineAuthFailed when `become` lacks a password, or does not take or ask for one."""
    from mistclient.channel import STDERR, STDOUT, Channel

    output = {STDOUT: bytearray(), STDERR: bytearray()}
    with Channel(machine, "command", command=command.text, user=command.user) as channel:
        prompt = _Prompt(machine, channel, command) if command.password else None
        if prompt is None:
            _feed(channel, command.stdin)
        for frame in channel:
            if frame.kind in output:
                output[frame.kind] += frame.data
                if prompt is not None:
                    prompt.look(output[frame.kind])
        if prompt is not None:
            prompt.over()
    out, err = bytes(output[STDOUT]), bytes(output[STDERR])
    if command.become is not None and channel.exit_code:
        _check_asked(machine, command.become, out + err)
    return channel.exit_code or 0, out, err


def _check_asked(machine: Machine, become: Any, output: bytes) -> None:
    """MachineAuthFailed when nothing was run, for there was no password."""
    from mistclient.errors import MachineAuthFailed

    if become.check_missing_password(output) and not become.check_success(output):
        raise MachineAuthFailed(
            f"{machine.name}: {become.name} asks for a password; give it in ansible_become_password, "
            "or with --ask-become-pass."
        )


def put(machine: Machine, source: str, path: str, user: str | None) -> None:
    """A local file to the machine, with its mode."""
    from mistclient.channel import PIECE_BYTES, Channel
    from mistclient.errors import MachineLost

    with Path(source).open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o777
        with Channel(machine, "put", path=path, mode=mode, user=user) as channel:
            with suppress(MachineLost):  # then the machine's last word, read below, says why
                while piece := file.read(PIECE_BYTES):
                    channel.write(piece)
                channel.end_input()
            list(channel)


def fetch(machine: Machine, path: str, target: str, user: str | None) -> None:
    """A file of the machine into a local one; MachineLost when it breaks off."""
    from mistclient.channel import CONTROL, STDOUT, Channel
    from mistclient.errors import MachineLost

    expected, received = None, 0
    with Channel(machine, "get", path=path, user=user) as channel, Path(target).open("wb") as file:
        for frame in channel:
            if frame.kind == STDOUT:
                received += file.write(frame.data)
            elif frame.kind == CONTROL and "size" in frame.control:
                expected = int(frame.control["size"])
    if expected is not None and received < expected:
        raise MachineLost(f"The copy of {path} broke off after {received} of {expected} bytes.")


def _feed(channel: Channel, data: bytes) -> None:
    """All input in a thread, for a command may answer before it has read everything."""
    from mistclient.channel import PIECE_BYTES
    from mistclient.errors import MistError

    def send() -> None:
        with suppress(MistError, OSError):
            for start in range(0, len(data), PIECE_BYTES):
                channel.write(data[start : start + PIECE_BYTES])
            channel.end_input()

    threading.Thread(target=send, daemon=True).start()


class _Prompt:
    """Answers the prompt of `become` once, then lets the input through."""

    def __init__(self, machine: Machine, channel: Channel, command: Command) -> None:
        self.machine = machine
        self.channel = channel
        self.command = command
        self.answered = self.passed = False
        self.timer = threading.Timer(command.prompt_timeout_s, channel.close)
        self.timer.daemon = True
        self.timer.start()

    def look(self, output: bytearray) -> None:
        """What has come so far; the prompt is taken out of it."""
        if self.passed:
            return
        become, seen = self.command.become, bytes(output)
        if become.check_success(seen):
            self.passed = True
            self.timer.cancel()
            _feed(self.channel, self.command.stdin)
        elif self.answered and become.check_incorrect_password(seen):
            self._refused("did not accept the password")
        elif not self.answered and become.check_password_prompt(seen):
            self.answered = True
            del output[output.rfind(b"\n") + 1 :]
            self.channel.write(self.command.password.encode() + b"\n")

    def over(self) -> None:
        self.timer.cancel()
        if not self.passed and self.channel.exit_code is None:
            self._refused(f"said nothing for {self.command.prompt_timeout_s:g} s")

    def _refused(self, what: str) -> None:
        from mistclient.errors import MachineAuthFailed

        self.timer.cancel()
        raise MachineAuthFailed(
            f"{self.machine.name}: {self.command.become.name} {what}; check ansible_become_password."
        )
