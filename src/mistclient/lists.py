"""Lists that can also be called with filters, and that stand for their only element."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, cast

Item = TypeVar("Item")
Matches = Callable[[Item, str, str], bool]


class CallableList(list[Item], Generic[Item]):
    """`things` is a list; `things(search="x")` is the part of it that matches.

    The first filter given wins. An attribute that a list does not have is taken from the only element, so that
    `backend = client.backends(search="Neph")` can be used as the backend itself.
    """

    def __init__(self, items: Iterable[Item], noun: str, matches: Matches[Item]) -> None:
        super().__init__(items)
        self._noun = noun
        self._matches = matches

    def __call__(self, **filters: str | None) -> CallableList[Item]:
        for name, wanted in filters.items():
            if wanted is not None:
                found = [item for item in self if self._matches(item, name, str(wanted))]
                return CallableList(found, self._noun, self._matches)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if len(self) == 1:
            return getattr(cast(Any, self[0]), name)
        raise AttributeError(
            f"This list of {len(self)} {self._noun} has no {name!r}: only a list of exactly one stands for its "
            "element. Pick one, for example with [0]."
        )


def matches(texts: dict[str, tuple[str, ...]], name: str, wanted: str) -> bool:
    """Whether `wanted` is among the texts of the filter `name`; for `search`, within one of them, ignoring case."""
    if name not in texts:
        known = ", ".join(texts)
        raise TypeError(f"There is no filter {name!r}; the filters are {known}.")
    if name == "search":
        folded = wanted.casefold()
        return any(folded in text.casefold() for text in texts[name])
    return wanted in texts[name]
