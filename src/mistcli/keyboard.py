"""Single keys from the terminal, as they are pressed."""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType
from typing import Any


class Keyboard:
    """While it is entered, keys are neither shown nor wait for the end of a line. Without a terminal none comes."""

    def __init__(self) -> None:
        self._terminal = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._before: list[Any] = []

    def __enter__(self) -> Keyboard:
        if self._terminal is not None:
            import termios
            import tty

            self._before = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal, termios.TCSADRAIN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._terminal is not None:
            import termios

            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

    def key(self, within_s: float) -> str:
        """The next key, or nothing when none comes in time; a terminal that is gone gives end of transmission."""
        if self._terminal is None:
            time.sleep(within_s)
            return ""
        if not select.select([self._terminal], [], [], within_s)[0]:
            return ""
        pressed = os.read(self._terminal, 64)
        return pressed.decode(errors="replace") if pressed else "\x04"
