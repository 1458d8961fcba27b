"""Waiting for a job in front of a person: its steps and the time they take, on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from mistcli.output import printed, report
from mistcli.text import note, visible
from mistclient.errors import JobFailed

if TYPE_CHECKING:
    from mistcli.call import Call
    from mistclient import Job

_MARKS = {"succeeded": "done", "failed": "failed", "cancelled": "cancelled"}
_LONG_S = 5.0


class Progress:
    """Told of a job whenever it may have changed. On a terminal one line lives; elsewhere a step is told when it ends,
    or has taken long."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._told: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._live = sys.stderr.isatty()
        self._drawn = False

    def __call__(self, job: Job) -> None:
        running = ""
        for step in job.steps:
            name, state = str(step["name"]), str(step["state"])
            if state == "running":
                running = name
            if self._worth_telling(name, state) and self._told.get(name) != state:
                self._told[name] = state
                self._tell(name, state, step)
        if self._live and not job.finished:
            self._draw(f"{job.title}: {running or job.state} ({self._elapsed()})")

    def _worth_telling(self, name: str, state: str) -> bool:
        if state == "running" and not self._live:
            return time.monotonic() - self._began.setdefault(name, time.monotonic()) > _LONG_S
        return state not in ("queued", "running")

    def _tell(self, name: str, state: str, step: dict[str, object]) -> None:
        detail = f": {step['detail']}" if step.get("detail") else ""
        self.clear()
        note(f"  {name} ... {_MARKS.get(state, state)}{detail} ({self._elapsed()})")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:.0f} s"

    def _draw(self, text: str) -> None:
        import shutil

        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[K{visible(text)[:width]}")
        sys.stderr.flush()
        self._drawn = True

    def clear(self) -> None:
        """Take the living line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def finish(call: Call, job: Job, done: str) -> int:
    """Wait for a job as the command's options say, then say `done`; with --no-wait print the job's id instead.

    A program gets the job, also when it failed.
    """
    if not call.args.wait:
        started(call, job)
        return 0
    try:
        wait(job, call.args.wait_timeout)
    except JobFailed:
        printed(call.args, job.info)
        raise
    report(call.args, done, job.info)
    return 0


def started(call: Call, job: Job) -> None:
    """The job's id alone, or all of it to a program."""
    report(call.args, job.id, job.info)
    note(f"{job.title}: started. `mist wait-job {job.id}` waits for it.")


def wait(job: Job, timeout_s: float | None) -> None:
    """Wait for a job and show how it goes; a person who will not wait is told how to end it."""
    progress = Progress()
    try:
        job.wait(timeout_s, progress)
    except KeyboardInterrupt:
        progress.clear()
        note(f"The job goes on; `mist cancel-job {job.id}` would end it.")
        raise
    finally:
        progress.clear()
