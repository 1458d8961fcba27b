"""A name picks by id before name, by name before substring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from mistserver.domain.selector import select


@dataclass(frozen=True)
class Thing:
    id: str
    name: str
    also: str = ""

    def ids(self) -> Sequence[str]:
        return (self.id,)

    def names(self) -> Sequence[str]:
        return (self.name,)

    def searched(self) -> Sequence[str]:
        return (self.id, self.name, self.also)


THINGS = [
    Thing("1", "Openstack"),
    Thing("2", "Openstack Juno", "openstack"),
    Thing("3", "docker"),
    Thing("4", "Docker"),
    Thing("docker", "a name like an id"),
]


@pytest.mark.parametrize(
    ("term", "level", "picked"),
    [
        ("docker", "id", ["docker"]),
        ("Docker", "name", ["4"]),
        ("Openstack", "name", ["1"]),
        ("OPENSTACK", "name_ignoring_case", ["1"]),
        ("Juno", "substring", ["2"]),
        ("juno", "substring", ["2"]),
        ("stack", "substring", ["1", "2"]),
        ("nothing", "none", []),
        ("", "none", []),
    ],
)
def test_the_first_level_that_matches_counts(term: str, level: str, picked: list[str]) -> None:
    found = select(term, THINGS)

    assert (found[0], [thing.id for thing in found[1]]) == (level, picked)
