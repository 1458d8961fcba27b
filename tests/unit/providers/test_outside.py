"""Entry points of other packages: which are taken, and why the others are not."""

from __future__ import annotations

import logging
import sys
from types import ModuleType
from typing import Any

import pytest

from mistserver.domain.errors import ProviderNotAvailable
from mistserver.providers import outside, registry
from mistserver.providers.base import Provider
from mistserver.providers.describe import describe, describe_all
from mistserver.providers.outside import Outside
from tests.support.dummy_provider import Dummy

MODULE = "mist_of_others"


class Good(Dummy):
    id = "good"


class Unwritten(Provider):
    id = "unwritten"
    title = "Unwritten"
    Settings = Dummy.Settings


class Unset(Good):
    id = "unset"
    Settings = dict  # type: ignore[assignment]


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs entry points: `others(("id", "Class"), ...)`."""
    module = ModuleType(MODULE)
    module.__dict__.update(Good=Good, Unwritten=Unwritten, Unset=Unset, Text="a text")
    monkeypatch.setitem(sys.modules, MODULE, module)

    def install(*points: tuple[str, str], package: str = "others") -> None:
        found = tuple(Outside(id, MODULE, name, package) for id, name in points)
        monkeypatch.setattr(outside, "_installed", lambda: found)

    return install


def test_a_good_one_is_a_row_after_ours_and_resolves(others: Any) -> None:
    others(("good", "Good"))

    assert [row.id for row in registry.rows()] == [*(row.id for row in registry.own_rows()), "good"]
    assert registry.load("good") is Good
    assert registry.resolve("good", "north") == ("good", "north")
    assert registry.resolve("good:south") == ("good", "south")
    assert (describe("good").package, describe("good").available) == ("others", True)


def test_what_the_client_carries_and_the_reference_shows_is_ours_alone(others: Any) -> None:
    others(("good", "Good"))

    assert "good" not in [one.id for one in describe_all(everywhere=True)]
    assert "good" in [one.id for one in describe_all()]


@pytest.mark.parametrize(
    ("id", "name", "reason"),
    [
        ("text", "Text", "it is not a class on mistserver.providers.base.Provider"),
        ("missing", "Missing", "AttributeError"),
        ("unwritten", "Unwritten", "it lacks check, list_machines"),
        ("other_id", "Good", "its id is not 'other_id'"),
        ("unset", "Unset", "its Settings is not a class"),
    ],
)
def test_what_is_no_provider_says_so_by_name_and_leaves_the_others(
    others: Any, id: str, name: str, reason: str
) -> None:
    others((id, name), ("good", "Good"))

    found = {one.id: one for one in describe_all()}
    with pytest.raises(ProviderNotAvailable, match=f"The provider '{id}' of the package 'others' cannot be loaded"):
        registry.load(id)

    assert (found[id].available, found[id].state, found[id].title) == (False, "unknown", id)
    assert reason in str(found[id].unavailable_because)
    assert found["good"].available
    assert registry.resolve("good:north") == ("good", "north")


@pytest.mark.parametrize("id", ["docker", "Upper", "with-dash", "", "x" * 64, "a b"])
def test_an_id_that_is_taken_or_is_none_is_left_out_with_a_word_in_the_log(
    others: Any, id: str, caplog: pytest.LogCaptureFixture
) -> None:
    outside._without.cache_clear()
    others((id, "Good"), package=f"package-of-{id}")

    with caplog.at_level(logging.WARNING):
        ids = [row.id for row in registry.rows()]

    assert ids == [row.id for row in registry.own_rows()]
    assert f"package-of-{id}" in caplog.text
