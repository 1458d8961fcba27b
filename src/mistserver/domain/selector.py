"""How a name typed by a user picks things: exact before substring (spec 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Selectable(Protocol):
    """`ids` and `names` match exactly; `searched` also matches by substring."""

    def ids(self) -> Sequence[str]: ...
    def names(self) -> Sequence[str]: ...
    def searched(self) -> Sequence[str]: ...


Thing = TypeVar("Thing", bound=Selectable)


def select(term: str, things: Sequence[Thing]) -> tuple[str, list[Thing]]:
    """All things that match at the first level that matches at all, and that level's name.

    Levels: `id`, `name`, `name_ignoring_case`, `substring` (case-insensitive, over everything searchable), `none`.
    """
    folded = term.casefold()
    levels: tuple[tuple[str, Callable[[Thing], bool]], ...] = (
        ("id", lambda thing: term in thing.ids()),
        ("name", lambda thing: term in thing.names()),
        ("name_ignoring_case", lambda thing: folded in [name.casefold() for name in thing.names()]),
        ("substring", lambda thing: bool(folded) and any(folded in text.casefold() for text in thing.searched())),
    )
    for level, matches in levels:
        found = [thing for thing in things if matches(thing)]
        if found:
            return level, found
    return "none", []
