"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mistserver.jobs.running import RunningJob

Work = Callable[[Any, RunningJob], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True)
class Handler:
    work: Work
    at_once: bool


HANDLERS: dict[str, Handler] = {}


def handler(kind: str, *, at_once: bool = False) -> Callable[[Work], Work]:
    """Let the decorated `async def run(ctx, job) -> dict | None` do jobs of a kind.

    It is called again from its start after a crash: finished steps answer from what they kept. A job `at_once` does
    not wait in the queue: `Jobs.kick` starts it in the process that accepted it.
    """

    def register(work: Work) -> Work:
        if kind in HANDLERS:
            raise ValueError(f"two handlers for jobs of the kind {kind}")
        HANDLERS[kind] = Handler(work, at_once)
        return work

    return register
