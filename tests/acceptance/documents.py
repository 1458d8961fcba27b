"""The commands that README and docs show, and whether what comes is what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(sh|console|python)(?: title=\"([^\"]+)\")?$(.*?)^```$", re.M | re.S)
PROMPT = re.compile(r"Password.*: *")
# What differs from session to session: shown as it was in one, matched by its form.
VOLATILE = re.compile(
    r"SHA256:[\w+/]{43}"
    r"|mist_\w{40,50}"
    r"|\d{4}-\d\d-\d\dT[\d:]+Z|\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    r"|up [\d dhmin]+, load [\d. ]+, \d+ cores?, \d+ users?"
    r"|[\d.]+ of [\d.]+ GiB"
    r"|\w[\w/ .()-]*, Linux \d[\w.+-]+"
    r"|\d+(?:\.\d+)? s\b|\d+ rows"
    r"|master key [0-9a-f]{16}"
    r"|\b[0-9a-f]{12}\b"
    r"|\b[1-9A-HJ-NP-Za-km-z]{22}\b"
)
LONG = 12  # shorter ones (durations) are never what a later command names


@dataclass(frozen=True)
class Block:
    """`title` says what a block needs that a test has not; such a block is not run."""

    place: str
    kind: str
    title: str
    text: str

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command of a console block with the lines that it shows."""
        command, shown = "", list[str]()
        for line in self.text.strip("\n").split("\n"):
            if command.endswith("\\"):
                command = f"{command[:-1].rstrip()} {line.removeprefix('>').strip()}"
            elif line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:], []
            else:
                shown.append(line)
        yield command, shown


def blocks(page: str) -> list[Block]:
    """Every block of a page that is a shell's or Python's."""
    text = (ROOT / page).read_text()
    return [
        Block(f"{page}:{text.count(chr(10), 0, found.start()) + 1}", found[1], found[2] or "", found[3])
        for found in FENCE.finditer(text)
    ]


@dataclass
class Session:
    """`places` are the names of the documents and what they are called here; ids that are shown are added to it."""

    places: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A command of the documents as it is typed here."""
        for shown, real in self.places.items():
            text = re.sub(rf"(?<![\w.]){re.escape(shown)}(?![\w])", lambda _, real=real: real, text)  # type: ignore[misc]
        return text

    def difference(self, shown: list[str], told: str) -> str:
        """Empty when `told` has the lines that are shown, in any order, and no others unless `...` stands for them."""
        left = [line for line in map(_plain, self._there(told).splitlines()) if line]
        more = False
        for line in map(_plain, shown):
            if line == "...":
                more = True
            elif line and not PROMPT.fullmatch(line):
                match = next((hit for hit in (_form(line).fullmatch(each) for each in left) if hit), None)
                if match is None:
                    return f"no such line came: {line}"
                left.remove(match.string)
                self._learn(line, match)
        return "" if more or not left else "these lines came too:\n" + "\n".join(left)

    def _there(self, text: str) -> str:
        for shown, real in self.places.items():
            text = re.sub(rf"(?<![\w.]){re.escape(real)}(?![\w])", lambda _, shown=shown: shown, text)  # type: ignore[misc]
        return text

    def _learn(self, line: str, match: re.Match[str]) -> None:
        for shown, real in zip(VOLATILE.findall(line), match.groups(), strict=True):
            if len(shown) >= LONG and shown != real and " " not in shown:
                self.places[shown] = real


def _plain(line: str) -> str:
    """Without the widths of a table, which follow from the names in it."""
    return "" if line.startswith("+-") else re.sub(r" +", " ", line).strip()


def _form(line: str) -> re.Pattern[str]:
    fixed = [re.escape(part) for part in VOLATILE.split(line)]
    return re.compile(f"({VOLATILE.pattern})".join(fixed))
