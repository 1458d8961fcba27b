"""Running a file on its machine before anything is kept of it."""

from __future__ import annotations

from dataclasses import dataclass

from mistserver.domain.errors import MachineError
from mistserver.monitoring.plugins import answers
from mistserver.monitoring.plugins.answers import Answer, Run
from mistserver.services.machines.execute import Captured, Opened
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order

_MOST_WORDS = 16 * 1024


@dataclass(frozen=True)
class Checked:
    """`transcript` is for people; `answers_numbers` says whether any call answered more than None."""

    transcript: str
    answers_numbers: bool


class FileRefused(MachineError):
    """A file does not do on its machine what a custom metric has to; `transcript` says what it did."""


async def check(opened: Opened, found: Found, run: Run, *, sudo: bool) -> Checked:
    """Have read() called three times. FileRefused unless each answers a finite number or None, in time."""
    told: list[Answer] = []
    printed = Captured(limit=_MOST_WORDS)

    def take(stream: str, data: bytes) -> None:
        if stream == "stdout":
            told.extend(run.feed(data))
        else:
            printed.take(stream, data)

    order = Order(text=answers.command(), stdin=run.stdin, sudo=sudo, timeout_s=run.longest_s)
    outcome = await opened.run(order, take)
    if outcome.exit_code == answers.NO_PYTHON and not told:
        raise MachineError(f"{found.machine.name} has no python3, which custom metrics need; install it there.")
    problem = answers.problem(told, reads=run.reads)
    text = answers.transcript(told, printed.text("stderr"))
    if problem is not None:
        where = f"The file was refused after a trial on {found.machine.name}"
        raise FileRefused(f"{where}: {problem}.", transcript=text)
    return Checked(text, any(answer.value is not None for answer in told))
