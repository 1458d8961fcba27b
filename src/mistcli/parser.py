"""The parser of one command: exact option names, values that may begin with a dash, and errors that help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from mistcli.normalise import spelling
from mistcli.text import fail, note

FORMATS = ("table", "wide", "plain", "json", "yaml", "csv")
RESULTS = ("plain", "json", "yaml")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mistcli.call import Call

    LateOptions = Callable[[Call], None]


class UsageError(Exception):
    """Said in one sentence; ends with exit code 2."""


class CommandParser(argparse.ArgumentParser):
    """An argument parser that never takes a prefix for an option."""

    takes_rest = False
    late_options: LateOptions | None = None  # asked for more when an option is not known

    def __init__(self, command: str, summary: str, examples: Iterable[str] = ()) -> None:
        shown = "\n".join(f"  {example}" for example in examples)
        super().__init__(
            prog=f"mist {command}",
            description=summary,
            epilog=f"examples:\n{shown}" if shown else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _add_everywhere(self.add_argument_group("options of every command"))

    def first_look(self, words: Sequence[str]) -> argparse.Namespace:
        """The options of every command alone, before the others are known."""
        glance = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
        _add_everywhere(glance)
        try:
            return glance.parse_known_args([spelling(word) if word.startswith("--") else word for word in words])[0]
        except argparse.ArgumentError:
            return glance.parse_args([])  # the whole parse says what is wrong

    def lacks_option(self, words: Sequence[str]) -> bool:
        """Whether an option is given that is not known."""
        own = words[: words.index("--")] if "--" in words else words
        return any(word.startswith("--") and not self._is_option(word) for word in own)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments; what stands behind a bare -- goes into `rest` for a command that sets `takes_rest`."""
        own, rest = list(words), []
        if self.takes_rest and "--" in own:
            at = own.index("--")
            own, rest = own[:at], own[at + 1 :]
        parsed = self.parse_args(list(self._prepared(own)))
        parsed.rest = rest
        return parsed

    def output_options(self, describe: bool = False) -> None:
        """The options of every listing and description."""
        del describe
        group = self.add_argument_group("output")
        group.add_argument("--pretty", action="store_true", help="a table with borders")
        group.add_argument("-o", "--output", choices=FORMATS, help="how to print; wide: all columns")
        group.add_argument("--columns", metavar="A,B", help="only these columns or fields")

    def result_option(self) -> None:
        """How a command prints what it did; nothing where it says that by itself."""
        if "--output" not in self._option_string_actions:
            self.add_argument("-o", "--output", choices=RESULTS, help="how to print the result")

    def wait_options(self) -> None:
        """The options of a command that starts a job."""
        group = self.add_argument_group("waiting")
        group.add_argument("--wait", dest="wait", action="store_true", default=True, help="until it is done (default)")
        group.add_argument("--no-wait", dest="wait", action="store_false", help="print the job's id and return")
        group.add_argument("--wait-timeout", type=seconds, metavar="SECONDS", help="how long at most")

    def selector(self, noun: str, *, several: bool = False) -> None:
        """A thing by name or id, or by `--id` or `--name` alone."""
        self.add_argument(noun, nargs="*" if several else "?", help=f"name or id of the {noun}")
        self.add_argument("--id", dest=f"{noun}_id", metavar="ID", help=f"id of the {noun}")
        self.add_argument("--name", dest=f"{noun}_name", metavar="NAME", help=f"name of the {noun}")

    def error(self, message: str) -> NoReturn:
        fail(message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", ")")) else "."))
        note(f"See `{self.prog} --help`.")
        sys.exit(2)

    def _prepared(self, words: Sequence[str]) -> Iterable[str]:
        """The words in the spelling of the declarations, each value joined to its option."""
        index = 0
        while index < len(words):
            word = words[index]
            index += 1
            if word == "--":
                yield from words[index - 1 :]
                return
            if not word.startswith("--"):
                self._check_single_dash(word)
                yield word
                continue
            word = spelling(word)
            action = self._known(word.partition("=")[0])
            takes_value = action.nargs is None and "=" not in word
            if takes_value and index < len(words) and not self._is_option(words[index]):
                word = f"{word}={words[index]}"
                index += 1
            yield word

    def _known(self, name: str) -> argparse.Action:
        action = self._option_string_actions.get(name)
        if action is None:
            self.error(f"There is no option {name} of `{self.prog}`{self._suggestion(name)}")
        return action

    def _is_option(self, word: str) -> bool:
        return word == "--" or spelling(word).partition("=")[0] in self._option_string_actions

    def _check_single_dash(self, word: str) -> None:
        if not word.startswith("-") or word == "-":
            return
        doubled = spelling(f"-{word}").partition("=")[0]
        if len(word) > 2 and doubled in self._option_string_actions:
            self.error(f"There is no option {word} of `{self.prog}`; did you mean {doubled}?")
        if word[:2] not in self._option_string_actions:
            self.error(
                f"There is no option {word} of `{self.prog}`{self._suggestion(doubled)} (a name that begins with a "
                "dash goes after a bare --)"
            )

    def _suggestion(self, name: str) -> str:
        shown = [option for option, action in self._option_string_actions.items() if action.help != argparse.SUPPRESS]
        close = closest(name, shown)
        return f"; did you mean {' or '.join(close)}?" if close else ""


def _add_everywhere(group: Any) -> None:
    group.add_argument("--mist-uri", metavar="URI", help="the service's address (default: MIST_URI, ~/.mist)")
    group.add_argument("--config", metavar="FILE", help="read this file instead of ~/.mist")
    group.add_argument("--debug", action="store_true", help="show requests, and tracebacks of errors")
    group.add_argument("--verbose", action="store_true", dest="debug", help=argparse.SUPPRESS)


def closest(word: str, known: Iterable[str]) -> list[str]:
    """At most two of `known` that a person may have meant."""
    import difflib

    return difflib.get_close_matches(word, list(known), n=2, cutoff=0.7)


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `2h` or `7d` as seconds."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:].lower())
    number = text if unit is None else text[:-1]
    try:
        value = float(number) * (unit or 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90, 90s, 5m, 2h or 7d")
    return value


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def only_one(parser: CommandParser, given: dict[str, Any]) -> str:
    """The name of the only given argument, or a usage error that lists the choices."""
    present = [name for name, value in given.items() if value not in (None, [], False)]
    if len(present) != 1:
        choices = ", ".join(given)
        parser.error(f"give one of {choices}" if not present else f"give only one of {', '.join(present)}")
    return present[0]
