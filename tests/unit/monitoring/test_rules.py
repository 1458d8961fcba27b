"""Whether metrics are beyond what rules allow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistserver.domain.rule import Aggregate, Operator, Rule, RuleAction
from mistserver.monitoring.rules import Conditions, verdicts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGITS = [float(n) for n in range(10)]


def rule(operator: str, aggregate: str, value: float, **changed: Any) -> Rule:
    fields: dict[str, Any] = {
        "id": "r",
        "name": "rule",
        "machine_id": "m",
        "tag": None,
        "metric": "load.shortterm",
        "window_s": 90,
        "for_s": 0,
        "action": RuleAction.NOTIFY,
        "command": None,
        "sudo": False,
        "allow_destroy": False,
        "channels": (),
        "reminder_offset_s": 0,
        "enabled": True,
        "user_id": "u",
        "created_by": "u@example.com",
        "created_at": NOW,
        "changed_at": NOW,
    }
    return Rule(operator=Operator(operator), aggregate=Aggregate(aggregate), value=value, **fields | changed)


def judged(some: Rule, points: list[float]) -> tuple[bool, bool, float]:
    found = verdicts(Conditions.of([some]), np.array([points]))
    return bool(found.known[0]), bool(found.triggered[0]), float(found.value[0])


@pytest.mark.parametrize(
    ("operator", "aggregate", "threshold", "triggered", "value"),
    [
        ("gt", "all", 50, False, 9),
        ("gt", "all", 5, False, 5),
        ("gt", "all", -1, True, 9),
        ("lt", "all", 3, False, 3),
        ("lt", "all", 30, True, 0),
        ("gt", "any", 5, True, 9),
        ("lt", "any", 3, True, 0),
        ("gt", "avg", 5, False, 4.5),
        ("gt", "avg", 3, True, 4.5),
        ("lt", "avg", 5, True, 4.5),
    ],
)
def test_points_are_judged_as_they_always_were(
    operator: str, aggregate: str, threshold: float, triggered: bool, value: float
) -> None:
    assert judged(rule(operator, aggregate, threshold), DIGITS) == (True, triggered, value)


def test_gaps_are_no_points() -> None:
    gap = float("nan")

    assert judged(rule("gt", "all", 3), [gap, 4.0, gap, 5.0]) == (True, True, 5.0)
    assert judged(rule("gt", "avg", 3), [gap, 4.0, gap, 5.0]) == (True, True, 4.5)
    assert judged(rule("lt", "any", 3), [gap, 4.0]) == (True, False, 4.0)


@pytest.mark.parametrize("aggregate", ["all", "any", "avg"])
def test_nothing_is_not_judged(aggregate: str) -> None:
    known, triggered, _ = judged(rule("gt", aggregate, 3), [float("nan")] * 3)

    assert not known
    assert not triggered


def test_what_is_just_at_the_threshold_is_not_beyond_it() -> None:
    assert not judged(rule("gt", "any", 5), [5.0])[1]
    assert not judged(rule("lt", "any", 5), [5.0])[1]


point = st.none() | st.floats(-10, 10, allow_nan=False, width=16)
some_rule = st.builds(
    rule, st.sampled_from(["gt", "lt"]), st.sampled_from(["all", "any", "avg"]), st.floats(-10, 10, width=16)
)


@given(st.lists(st.tuples(some_rule, st.lists(point, min_size=6, max_size=6)), min_size=1, max_size=8))
def test_many_at_once_are_judged_as_one_by_one(lines: list[tuple[Rule, list[float | None]]]) -> None:
    rules = [some for some, _ in lines]
    points = np.array([[np.nan if value is None else value for value in row] for _, row in lines])
    found = verdicts(Conditions.of(rules), points)

    for row, some in enumerate(rules):
        there = [value for value in points[row].tolist() if value == value]
        beyond = [value for value in there if (value > some.value if some.operator == "gt" else value < some.value)]
        mean = sum(there) / len(there) if there else 0.0
        expected = {
            "all": bool(there) and len(beyond) == len(there),
            "any": bool(beyond),
            "avg": bool(there) and (mean > some.value if some.operator == "gt" else mean < some.value),
        }[some.aggregate]
        assert bool(found.known[row]) == bool(there)
        assert bool(found.triggered[row]) == expected
        if there and some.aggregate == "avg":
            assert found.value[row] == pytest.approx(mean)
        elif there:
            assert found.value[row] in there
