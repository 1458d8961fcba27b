"""The page of commands, from the parsers themselves."""

from __future__ import annotations

import os

from mistcli.parser import CommandParser
from mistcli.registry import COMMANDS, GROUPS, load
from mistserver.app import host_parser

ON_HOST = "serve"


def page() -> str:
    """Every command with its help, in the order of `mist --help`."""
    os.environ["COLUMNS"] = "100"
    lines = ["# Commands\n", "`mist COMMAND --help` prints the same.\n"]
    for group, commands in GROUPS.items():
        lines.append(f"## {group}\n")
        for name, (_, summary) in commands.items():
            lines.append(f"### mist {name}\n\n{summary}.\n\n```text\n{_help(name)}\n```\n")
    return "\n".join(lines)


def _help(name: str) -> str:
    if COMMANDS[name][0] == ON_HOST:
        return host_parser(name).format_help().rstrip()
    command = load(name)
    parser = CommandParser(name, COMMANDS[name][1] + ".", command.examples)
    command.arguments(parser)
    return parser.format_help().rstrip()
