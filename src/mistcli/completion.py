"""Completion through argcomplete: only the command on the line is built, and the service is not asked."""

from __future__ import annotations

import argparse
import os

from mistcli.normalise import spelling
from mistcli.registry import COMMANDS, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NOUNS = {
    "backend": "backends",
    "machine": "machines",
    "key": "keys",
    "image": "images",
    "size": "sizes",
    "location": "locations",
    "tag": "tags",
    "new_tag": "tags",
    "remove_tag": "tags",
    "user_email": "users",
    "token": "tokens",
    "rule": "rules",
    "channel": "channels",
}


def complete() -> int:
    """Answer the shell, which said what stands on the line in the environment."""
    import argcomplete

    parser = _parser(os.environ.get("COMP_LINE", ""))
    argcomplete.autocomplete(parser, always_complete_options="long")
    return 0


def _parser(line: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mist", allow_abbrev=False)
    commands = parser.add_subparsers()
    typed = _command_typed(line)
    if typed is None:
        for name, (_, summary) in COMMANDS.items():
            commands.add_parser(name, help=summary)
        return parser
    built = commands.add_parser(typed, add_help=False)
    _fill(built, spelling(typed), line)
    return parser


def _command_typed(line: str) -> str | None:
    """The command, when it is a whole word that the cursor has left."""
    words = line.split()
    for position, word in enumerate(words[1:], start=1):
        if spelling(word) in COMMANDS:
            finished = position < len(words) - 1 or line.endswith((" ", "\t"))
            return word if finished else None
    return None


def _fill(target: argparse.ArgumentParser, name: str, line: str) -> None:
    """Give `target` the arguments of a command, with completers where names are known."""
    from mistcli.parser import CommandParser

    command = load(name)
    source = CommandParser(name, "")
    command.arguments(source)
    uri = _uri(line)
    for action in source._actions:
        noun = _NOUNS.get(action.dest) or _NOUNS.get(action.dest.removesuffix("_name"))
        if action.dest == "provider":
            action.choices = _providers()
        elif noun and action.choices is None:
            action.completer = _completer(uri, noun)  # type: ignore[attr-defined] # argcomplete reads it
        target._add_action(action)


def _providers() -> list[str]:
    from mistclient.declarations import bundled

    return [str(item["id"]) for item in bundled()]


def _completer(uri: str, noun: str) -> Callable[..., list[str]]:
    def names(prefix: str = "", **_: object) -> list[str]:
        from mistcli.names import known

        return [name for name in known(uri, noun) if name.startswith(prefix)]

    return names


def _uri(line: str) -> str:
    words = line.split()
    if "--mist-uri" in words[:-1]:
        return words[words.index("--mist-uri") + 1].rstrip("/")
    from mistclient.config import Config

    return Config.read().uri
