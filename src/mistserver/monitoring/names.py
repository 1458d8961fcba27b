"""What metrics are called: collectd's names joined with dots, and what Mist makes of several of them."""

from __future__ import annotations

from functools import lru_cache

LONGEST = 255


_REMEMBERED = 1024  # characters; senders decide how long a name is


def metric_id(*parts: str) -> str:
    """The id of a metric from the parts of its name: blanks left out, dots in a part made `_`, repetitions dropped.

    `load`, `load`, `shortterm` is `load.shortterm`; `users`, `users`, `value` is `users`.
    """
    return _remembered(parts) if sum(map(len, parts)) <= _REMEMBERED else _joined(parts)


@lru_cache(maxsize=16384)
def _remembered(parts: tuple[str, ...]) -> str:
    return _joined(parts)


def _joined(parts: tuple[str, ...]) -> str:
    kept: list[str] = []
    for part in parts:
        clean = (
            "".join(char if char.isprintable() else "_" for char in part.strip()).replace(".", "_").replace(" ", "_")
        )
        if clean and (not kept or kept[-1] != clean):
            kept.append(clean)
    return ".".join(kept)[:LONGEST]


def title(id: str) -> str:
    """How a metric is shown that nobody gave a name: `load.shortterm` as `Load shortterm`."""
    words = id.replace(".", " ")
    return words[:1].upper() + words[1:]
