"""What shall be run on a machine, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mistserver.services.machines import command_line

OnOutput = Callable[[str, bytes], Awaitable[None] | None]  # stream ("stdout" or "stderr"), data


@dataclass(frozen=True, kw_only=True)
class Order:
    """`text` is a line for `/bin/sh -c`. `user` None: whoever the way leads to."""

    text: str
    stdin: bytes = field(default=b"", repr=False)
    sudo: bool = False
    user: str | None = None
    timeout_s: float

    def text_with_sudo(self) -> str:
        """The line for a way that knows no sudo of its own."""
        return command_line.as_root(self.text) if self.sudo else self.text


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`exit_code` is None when a signal or the time-out ended it. `user` is who it ran as, where that is known."""

    exit_code: int | None
    signal: str | None
    timed_out: bool
    user: str | None
    duration_s: float

    @property
    def ok(self) -> bool:
        return self.exit_code == 0
