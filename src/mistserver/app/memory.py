"""How the process takes memory from the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def share_one_arena() -> None:
    """Before any thread starts: else each keeps for itself what it once used, and long pages of results use much.

    Python runs one thread at a time, so they hardly wait for each other. Without glibc nothing is changed.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
