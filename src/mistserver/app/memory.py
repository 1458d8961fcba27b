"""How the process takes memory from the system, and looks for what can be given back."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD and
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_LARGE = 512 * 1024  # bytes


def share_one_arena() -> None:
    """Before any thread starts: else each keeps for itself what it once used, and long pages of results use much.

    Python runs one thread at a time, so they hardly wait for each other. Large blocks (whole listings) stand apart and
    go back to the system when they are freed; glibc would stop that after the first. Without glibc nothing is changed.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGE)


def keep_what_is_loaded() -> None:
    """Once everything is loaded: modules live as long as the process, and to search them again takes 80 ms each time.

    The search stops all threads, so requests and machines would wait for it.
    """
    gc.collect()
    gc.freeze()
