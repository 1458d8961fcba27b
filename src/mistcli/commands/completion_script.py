"""What a shell has to read to complete `mist`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mistcli.call import Call
from mistcli.command import Command
from mistcli.parser import CommandParser, UsageError

SHELLS = ("bash", "zsh", "fish")


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("shell", nargs="?", choices=SHELLS, help="default: the shell that you use")


def completion_script(call: Call) -> int | None:
    from argcomplete.shell_integration import shellcode

    shell = call.args.shell or Path(os.environ.get("SHELL", "bash")).name
    if shell not in SHELLS:
        raise UsageError(f"say for which shell: {', '.join(SHELLS)}")
    sys.stdout.write(f"{shellcode(['mist'], shell=shell)}\n")
    return None


COMMANDS = {
    "completion-script": Command(
        _arguments,
        completion_script,
        'eval "$(mist completion-script bash)"',
        "mist completion-script fish | source",
        raw=True,
    ),
}
