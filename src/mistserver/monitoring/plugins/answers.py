"""The order to the runner, and what it answers."""

from __future__ import annotations

import base64
import shlex
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from mistserver.domain.ids import new_id

READS = 3  # of a check
LIMIT_S = 5.0  # for one read(), and for loading the file
NO_PYTHON = 66  # exit code
_MOST_TEXT = 4096
_LONGEST_LINE = 16 * 1024


class Answer(msgspec.Struct, frozen=True):
    """One call of read(). `fatal`: the runner has ended, since the file cannot be loaded or a call does not end."""

    value: float | None = None
    error: str | None = None
    fatal: bool = False
    took_s: float = 0.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner is told to do. `strict`: the first error is the last answer; `asked`: each call is asked for."""

    id: str
    code: str
    mark: str = ""
    reads: int
    every_s: float
    limit_s: float = LIMIT_S
    strict: bool
    asked: bool = False

    @classmethod
    def of(cls, plugin_id: str, code: bytes, **how: Any) -> Order:
        return cls(id=plugin_id, code=base64.b64encode(code).decode(), **how)


_decoder = msgspec.json.Decoder(Answer)


@dataclass
class Run:
    """One run of the runner: `stdin` is what it is sent, `feed` takes what it says.

    `reads` 0: until it is ended from outside.
    """

    plugin_id: str
    code: bytes
    reads: int = READS
    every_s: float = 1.0
    strict: bool = True
    mark: str = field(default_factory=new_id)
    _rest: bytes = b""

    @property
    def stdin(self) -> bytes:
        how = {"mark": self.mark, "reads": self.reads, "every_s": self.every_s, "strict": self.strict}
        return msgspec.json.encode(Order.of(self.plugin_id, self.code, **how)) + b"\n"

    @property
    def longest_s(self) -> float:
        """After that a run of a check is broken off from outside."""
        return LIMIT_S * (self.reads + 1) + self.every_s * self.reads + 10.0

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that are whole now; lines that are none are left out."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST_LINE]
        begin = self.mark.encode() + b" "
        answers = []
        for line in lines:
            if line.startswith(begin):
                try:
                    answers.append(_decoder.decode(line[len(begin) :]))
                except msgspec.MsgspecError:
                    answers.append(Answer(error="an answer that cannot be understood"))
        return answers


@cache
def runner() -> str:
    return (files(__package__) / "runner.py").read_text()


@cache
def command() -> str:
    """A line for a POSIX shell. Python is told to look for modules nowhere but in its own places."""
    return (
        "for p in python3 /usr/libexec/platform-python none; do command -v $p >/dev/null 2>&1 && break; done; "
        f"[ $p != none ] || exit {NO_PYTHON}; exec $p -I -u -c {shlex.quote(runner())}"
    )


def problem(answers: list[Answer], *, reads: int = READS) -> str | None:
    """Why a check was not passed; None when it was. Only answers count: an exit code says what the file wants."""
    for at, answer in enumerate(answers, start=1):
        if answer.error is not None:
            return answer.error if at > 1 or not answer.fatal else f"it cannot be used: {answer.error}"
    if len(answers) < reads:
        return f"it ended after {len(answers)} of {reads} calls of read()"
    return None


def transcript(answers: list[Answer], printed: str) -> str:
    """What happened, for people: each call, and what the file printed."""
    lines = []
    for at, answer in enumerate(answers, start=1):
        said = answer.error if answer.error is not None else repr(answer.value)
        lines.append(f"read() {at}: {said} ({1000 * answer.took_s:.1f} ms)")
    text = printed.strip()[-_MOST_TEXT:]
    clean = "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)
    return "\n".join([*lines, *(["printed:", clean] if clean else [])])
