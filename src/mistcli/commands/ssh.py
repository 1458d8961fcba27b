"""A terminal on a machine, or one command; through the service, which keeps the key."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.parser import CommandParser, UsageError
from mistclient import Machine
from mistclient.channel import PIECE_BYTES, STDERR, STDOUT, Channel
from mistclient.errors import MistError


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("machine", help="name or id of the machine")
    parser.add_argument("remote", nargs="*", metavar="[--] CMD", help="a command instead of a shell")
    parser.takes_rest = True
    parser.add_argument("--user", "-l", help="sign in as this user")
    parser.add_argument("--terminal", "-t", action="store_true", help="give the command a terminal")


def ssh(call: Call) -> int | None:
    """The remote exit code is ours, also when it is not 0."""
    found = Machine(call.client, select.find(call, "machine", call.args.machine, "change"))
    words = call.args.remote + call.args.rest
    text = None if not words else words[0] if len(words) == 1 else shlex.join(words)
    if text is not None and not call.args.terminal:
        return command(found, text, call.args.user)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a terminal needs a terminal here too; give a command after -- to run without one")
    return terminal(found, call.args.user, text)


def command(machine: Machine, text: str, user: str | None) -> int:
    """Run one command; its output is passed on byte by byte, and so is our input unless that is a terminal."""
    with Channel(machine, "command", command=text, user=user) as channel:
        if sys.stdin is None or sys.stdin.isatty():
            channel.end_input()
        else:
            threading.Thread(target=_feed, args=(channel,), daemon=True).start()
        for frame in channel:
            if frame.kind in (STDOUT, STDERR):
                target = (sys.stderr if frame.kind == STDERR else sys.stdout).buffer
                target.write(frame.data)
                target.flush()
        return channel.exit_code or 0


def _feed(channel: Channel) -> None:
    with suppress(MistError, OSError, ValueError):
        while piece := os.read(sys.stdin.fileno(), PIECE_BYTES):
            channel.write(piece)
        channel.end_input()


def terminal(machine: Machine, user: str | None, text: str | None = None) -> int:
    """A shell, or one command, in this terminal, which is put back as it was whatever happens."""
    size = shutil.get_terminal_size()
    purpose = "terminal" if text is None else "command"
    with Channel(machine, purpose, command=text, cols=size.columns, rows=size.lines, user=user) as channel:
        with _raw(sys.stdin.fileno()), _resizing(channel):
            threading.Thread(target=_feed, args=(channel,), daemon=True).start()
            for frame in channel:
                if frame.kind in (STDOUT, STDERR):
                    sys.stdout.buffer.write(frame.data)
                    sys.stdout.buffer.flush()
        return channel.exit_code or 0


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _resizing(channel: Channel) -> Iterator[None]:
    changed = threading.Event()
    ended = threading.Event()

    def tell() -> None:
        while changed.wait() and not ended.is_set():
            changed.clear()
            size = os.get_terminal_size()
            with suppress(MistError):
                channel.resize(size.columns, size.lines)

    before = signal.signal(signal.SIGWINCH, lambda *_: changed.set())
    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        changed.set()
        signal.signal(signal.SIGWINCH, before)


COMMANDS = {
    "ssh": Command(
        _arguments,
        ssh,
        "mist ssh web",
        "mist ssh web -- uptime",
        "mist ssh web -- sh -c 'journalctl -n 20 | tail'",
        raw=True,
    ),
}
