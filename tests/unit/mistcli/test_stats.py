"""`mist get-stats`: rows for people and for programs, and a step that suits the window."""

from __future__ import annotations

import pytest

from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

POINTS = [[1234567.8125, 0], [None, 10], [0.1, 20]]


@pytest.fixture(autouse=True)
def known(service: RestStub) -> None:
    service.stats = {"memory.used": {"name": "Used", "unit": "B", "datapoints": POINTS}}


def test_people_see_six_digits(mist: Mist) -> None:
    assert "1234570.0" in mist("get-stats", "db-server-1").out


def test_a_file_of_values_has_all_their_digits(mist: Mist) -> None:
    told = mist("get-stats", "db-server-1", "-o", "csv")

    assert told.out.splitlines() == [
        "time,memory.used",
        "1970-01-01T00:00:00Z,1234567.8125",
        "1970-01-01T00:00:20Z,0.1",
    ]


@pytest.mark.parametrize(
    ("last", "step"), [("10m", "10"), ("24h", "10"), ("2d", "60"), ("7d", "300"), ("365d", "3600")]
)
def test_long_windows_have_longer_steps(mist: Mist, service: RestStub, last: str, step: str) -> None:
    mist("get-stats", "db-server-1", "--last", last)
    mist("get-stats", "db-server-1", "--last", last, "--step", "7")

    steps = [seen.query["step"] for seen in service.seen if seen.path.endswith("/stats")]
    assert steps == [step, "7"]
