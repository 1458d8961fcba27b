# SPDX-License-Identifier: Apache-2.0
"""What a module waits for, line by line in a file, for somebody who follows it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistclient import Job

FILE_VARIABLE = "MIST_PROGRESS_FILE"
_MARKS = {"running": "", "succeeded": " done", "failed": " failed", "cancelled": " cancelled"}
_AGAIN_S = 10.0


class Progress:
    """A line for each step, when it begins and when it ends, and one every ten seconds of what takes long.

    Nothing happens unless the variable names a file; one that cannot be written is nobody's trouble.
    """

    def __init__(self) -> None:
        path = os.environ.get(FILE_VARIABLE)
        self._file = Path(path) if path else None
        self._began = self._last = time.monotonic()
        self._told: set[str] = set()

    def job(self, job: Job) -> None:
        """What is new about a job; `Job.wait` calls it whenever there may be something."""
        if self._file is None:
            return
        lines = list(_lines(job))
        for line in lines:
            self.say(f"{job.title}: {line}")
        if not job.finished:
            running = [line for line in lines if line.endswith("...")]
            self.say(f"{job.title}: {running[-1] if running else job.state}", again=True)

    def say(self, text: str, again: bool = False) -> None:
        """A line that was not told yet; with `again` also one that was, when nothing was told for a while."""
        if self._file is None:
            return
        now = time.monotonic()
        if text in self._told and not (again and now - self._last > _AGAIN_S):
            return
        self._told.add(text)
        self._last = now
        with suppress(OSError), self._file.open("a", encoding="utf-8") as file:
            file.write(f"{_visible(text)} ({now - self._began:.0f} s)\n")


def _lines(job: Job) -> Iterator[str]:
    """What can be told of it: steps that began or ended, and of a job for many machines how many are done."""
    for step in job.steps:
        if step["state"] in _MARKS:
            yield f"{step['name']} ...{_MARKS[step['state']]}"
    done, total, failed = (job.info.get(field) or 0 for field in ("done", "total", "failed"))
    if total > 1 and done:
        yield f"{done} of {total} machines" + (f", {failed} failed" if failed else "")


def _visible(text: str) -> str:
    """On one line, and without what would move a terminal's cursor: names come from users and clouds."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
