"""Waiting for real systems: as often as it takes, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], timeout_s: float = 30.0, every_s: float = 0.1) -> T:
    """The first answer that is true; AssertionError with the last one when none comes in time."""
    deadline = time.monotonic() + timeout_s
    answer = ask()
    while not answer and time.monotonic() < deadline:
        time.sleep(every_s)
        answer = ask()
    assert answer, f"still {answer!r} after {timeout_s:g} s"
    return answer
