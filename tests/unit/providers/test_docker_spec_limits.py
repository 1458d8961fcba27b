"""What Docker has no word for is refused before anything is asked."""

from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry


@pytest.mark.parametrize("field", ["size", "location"])
def test_a_size_or_location_is_refused_by_name(field: str) -> None:
    spec = MachineSpec(name="web", mark="m", image="debian:12", **{field: "0"})

    with pytest.raises(InvalidInput, match=f"--{field}"):
        registry.load("docker").check_spec(spec)
