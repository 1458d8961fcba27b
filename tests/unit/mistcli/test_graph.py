"""Curves in the terminal, and the command that draws them."""

from __future__ import annotations

import json
import math

import pytest

from mistcli import plot
from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = plot.curve([float(value) for value in range(40)], 30, 4)

    drawn = [line.partition("┤")[2] for line in lines]
    assert [line.partition(" ┤")[0].strip() for line in lines] == ["39", "26", "13", "0"]
    assert drawn[0].startswith("⠀")
    assert drawn[-1][0] not in "⠀ "
    begins = [len(line) - len(line.lstrip("⠀")) for line in drawn]
    assert begins == sorted(begins, reverse=True)


@pytest.mark.parametrize(
    "values",
    [[None, 1.0, None], [5.0] * 500, [1e12, -1e12] * 200, [0.0], [math.pi, None, 2.0] * 90, [1e-9, 2e-9]],
)
@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(values: list[float | None], width: int) -> None:
    lines = plot.curve(values, width, 6)

    assert len(lines) == 6
    assert max(map(len, lines)) <= max(width, 14)
    assert any(chr(0x2800) < char <= chr(0x28FF) for line in lines for char in line)


def test_what_has_no_values_has_no_curve() -> None:
    assert plot.curve([None, None], 40, 6) == []
    assert plot.curve([], 40, 6) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1500, "1.5k"), (12e6, "12M"), (-2e9, "-2G"), (0.25, "0.25"), (1e21, "1e+03E")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert plot.short(value) == text


def test_a_metric_is_drawn_with_its_numbers(mist: Mist, service: RestStub) -> None:
    points = [[None, 0], *([float(at), 10 * at] for at in range(1, 30))]
    service.stats = {"load.shortterm": {"name": "Load", "unit": "", "datapoints": points}}

    told = mist("graph", "db-server-1", "--metric", "load.shortterm")

    assert told.code == 0
    assert told.out.splitlines()[0] == "Load: now 29, min 1, avg 15, max 29"
    assert any(chr(0x2800) < char <= chr(0x28FF) for char in told.out)
    told = mist("graph", "db-server-1", "--metric", "load.shortterm", "-o", "json")
    assert json.loads(told.out)["metrics"] == service.stats
    query = next(seen.query for seen in service.seen if seen.path.endswith("/stats"))
    assert int(query["stop"]) - int(query["start"]) == 3600
    assert query["metric"] == "load.shortterm"


def test_before_any_data_that_is_said(mist: Mist, service: RestStub) -> None:
    assert mist("graph", "db-server-1") == (0, "No data yet\n", "")
    assert service.machines[0]["name"] == records.MACHINES[0][0]
