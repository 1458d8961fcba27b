"""Text on a terminal: what clouds and machines call themselves must never move its cursor."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

RED, GREEN, YELLOW = "31", "32", "33"
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(value: object) -> str:
    """`value` as text for one line, with control and invisible characters written as escapes (`\\x1b`)."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    import unicodedata

    return "".join(
        char.encode("unicode_escape", "surrogatepass").decode() if unicodedata.category(char) in _HIDDEN else char
        for char in text
    )


def visible_line(text: str) -> str:
    """A line of output: like `visible`, but tabs stay."""
    return "\t".join(visible(part) for part in text.split("\t"))


def warn(text: str) -> None:
    sys.stderr.write(f"{paint('Warning:', YELLOW, sys.stderr)} {visible(text)}\n")


def fail(text: str) -> None:
    sys.stderr.write(f"{paint('Error:', RED, sys.stderr)} {visible(text)}\n")


def note(text: str) -> None:
    """Something for the person, not for a program: progress, a hint."""
    sys.stderr.write(f"{visible(text)}\n")


def say(text: str) -> None:
    sys.stdout.write(f"{visible(text)}\n")


def paint(text: str, colour: str, stream: TextIO) -> str:
    """`text` in a colour (a number of ANSI's), when `stream` is a terminal and the person has nothing against it."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\x1b[{colour}m{text}\x1b[0m"


def count(number: int, noun: str) -> str:
    """`1 machine`, `3 machines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
