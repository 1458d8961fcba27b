"""A location may be called by its id, its name or its position."""

from __future__ import annotations

import pytest

from mistserver.domain.catalog import Location
from mistserver.domain.errors import InvalidInput
from mistserver.providers.locations import meant

OFFERED = [
    Location(id="us-east", name="Newark"),
    Location(id="1", name="London"),
    Location(id="de", name="Twice"),
    Location(id="fr", name="Twice"),
]


@pytest.mark.parametrize(
    ("wanted", "id"), [("us-east", "us-east"), ("newark", "us-east"), ("0", "us-east"), ("1", "1"), ("3", "fr")]
)
def test_a_location_is_understood(wanted: str, id: str) -> None:
    assert meant("Cloud", wanted, OFFERED).id == id


@pytest.mark.parametrize("wanted", ["mars", "4", "-1", "twice", "\u0661", "1" * 5000])
def test_what_means_none_or_several_is_refused(wanted: str) -> None:
    with pytest.raises(InvalidInput, match="us-east, 1, de, fr"):
        meant("Cloud", wanted, OFFERED)
