"""The service and its upkeep, on the service's own host."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mistcli.command import Command
from mistcli.text import fail

if TYPE_CHECKING:
    from mistcli.call import Call
    from mistcli.parser import CommandParser

HOST_COMMANDS = ("serve", "backup", "restore", "verify-backup", "rekey", "recover", "add-account")


def run_on_host(name: str, words: Sequence[str]) -> int:
    """Hand a command line to the service's own code; without it installed, say what to install."""
    try:
        from mistserver.app import host_command

        return int(host_command(name, list(words)))
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith("mistserver."):
            raise
        fail(
            f"`mist {name}` needs the service, which is not installed here ({missing.partition('.')[0]} is missing): "
            "install it with `pip install 'mist[server]'`."
        )
        return 1


def _no_arguments(parser: CommandParser) -> None:
    """Host commands bring their own options; see `run_on_host`."""


def _never(name: str) -> Callable[[Call], int | None]:
    def run(call: Call) -> int | None:
        return run_on_host(name, sys.argv[2:])

    return run


COMMANDS = {name: Command(_no_arguments, _never(name), f"mist {name} --help", raw=True) for name in HOST_COMMANDS}
