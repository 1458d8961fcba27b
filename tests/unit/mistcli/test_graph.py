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


@pytest.mark.parametrize(
    ("values", "most", "filled"),
    [
        ([1.0, None, 3.0], 1, [1.0, 2.0, 3.0]),
        ([1.0, None, None, 4.0], 2, [1.0, 2.0, 3.0, 4.0]),
        ([1.0, None, None, 4.0], 1, [1.0, None, None, 4.0]),
        ([None, 1.0, None], 5, [None, 1.0, None]),
        ([1.0, None, 3.0], 0, [1.0, None, 3.0]),
        ([], 3, []),
    ],
)
def test_a_late_sample_is_no_gap(values: list[float | None], most: int, filled: list[float | None]) -> None:
    assert plot.bridged(values, most) == filled


def test_where_there_are_no_dots_there_are_stars() -> None:
    lines = plot.curve([0.0, 1.0, None, 3.0], 12, 3)

    assert plot.drawn(lines, "utf-8") == lines
    for encoding in ("ascii", "latin-1", "no-such-encoding"):
        stars = plot.drawn(lines, encoding)
        assert all(line.isascii() for line in stars)
        assert [line.find("|") for line in stars] == [line.find("┤") for line in lines]
        assert any("*" in line for line in stars)


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


def test_the_points_are_no_closer_than_the_samples_of_the_machine(mist: Mist, service: RestStub) -> None:
    service.heard = {service.machines[1]["id"]: {"interval_s": 60, "age_s": 1.0, "silent": False}}
    steps = []
    for last in ("10m", "1h", "24h"):
        mist("graph", "db-server-1", "--last", last)
        steps.append(next(seen.query["step"] for seen in reversed(service.seen) if seen.path.endswith("/stats")))

    assert steps == ["60", "60", "288"]


@pytest.mark.parametrize(("columns", "axis"), [("80", "1970-01-01 00:00"), ("30", "00:00")])
def test_the_curve_and_its_ends_fit_into_the_terminal(
    mist: Mist, service: RestStub, monkeypatch: pytest.MonkeyPatch, columns: str, axis: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TZ", "UTC")
    service.stats = {"load.shortterm": {"name": "Load", "unit": "", "datapoints": [[1.0, 0], [None, 10], [2.0, 20]]}}

    lines = mist("graph", "db-server-1").out.splitlines()[1:]

    assert max(map(len, lines)) <= int(columns)
    assert lines[-2].startswith(axis)


def test_before_any_data_that_is_said(mist: Mist, service: RestStub) -> None:
    assert mist("graph", "db-server-1") == (0, "No data yet\n", "")
    assert service.machines[0]["name"] == records.MACHINES[0][0]
