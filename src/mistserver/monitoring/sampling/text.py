"""What a machine's shell is given to be sampled."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_ON_ASKING = "while IFS= read -r _; do sample; done\n"
_BY_ITSELF = "left={turns}; while sample; left=$((left - 1)); [ $left -gt 0 ]; do sleep {interval_s}; done\n"


@cache
def on_asking() -> str:
    """A frame for each line of the shell's input; it ends with its input."""
    return _functions() + _ON_ASKING


def by_itself(turns: int, interval_s: int) -> str:
    """As many frames, for a shell that nothing can be said to: it ends by itself, whatever becomes of the service."""
    return _functions() + _BY_ITSELF.format(turns=turns, interval_s=interval_s)


@cache
def _functions() -> str:
    return (files(__package__) / "sampler.sh").read_text()
