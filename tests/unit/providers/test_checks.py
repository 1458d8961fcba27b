"""What is refused of a create before any call."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks


def spec(**given: Any) -> MachineSpec:
    return MachineSpec(**{"name": "web", "mark": "m", "image": "i", **given})


def test_what_is_missing_is_named_with_its_option() -> None:
    with pytest.raises(InvalidInput, match=r"Cloud needs a size \(--size\)") as caught:
        checks.needs("Cloud", spec(location="here"), "location", "size")
    assert caught.value.facts == {"field": "size"}
    with pytest.raises(InvalidInput, match=r"needs a network \(--network-id\)"):
        checks.needs("Cloud", spec(), "networks")


def test_the_rule_for_names_is_in_the_message() -> None:
    with pytest.raises(InvalidInput, match=r"Cloud takes lower-case names\."):
        checks.name("Cloud", spec(name="Web"), re.compile("[a-z]+"), "lower-case names")
    checks.name("Cloud", spec(), re.compile("[a-z]+"), "lower-case names")


def test_networks_are_counted() -> None:
    checks.networks("Cloud", spec(networks=("a",)), 1, "a subnet")
    with pytest.raises(InvalidInput, match="takes one network: a subnet"):
        checks.networks("Cloud", spec(networks=("a", "b")), 1, "a subnet")


@pytest.mark.parametrize("given", [{"colour": "red"}, {"count": "3"}, {"count": True}, {"$(id)\x1b": 1}])
def test_options_nobody_knows_or_of_another_type_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"takes count \(int\), fast \(bool\); ") as caught:
        checks.options("Cloud", spec(extra=given), {"count": int, "fast": bool})
    assert "\x1b" not in caught.value.message
    checks.options("Cloud", spec(extra={"count": 3, "fast": True}), {"count": int, "fast": bool})
