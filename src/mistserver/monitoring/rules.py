"""Whether metrics are beyond what rules allow: many rules at once, as arithmetic on one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mistserver.domain.rule import Aggregate, Operator, Rule
from mistserver.monitoring.samples import Values

Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Conditions:
    """A line a rule: whether it is about values above, its threshold, and how points are taken together."""

    above: Truths
    threshold: Values
    every: Truths
    mean: Truths

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> Conditions:
        return cls(
            np.array([rule.operator == Operator.GT for rule in rules], bool),
            np.array([rule.value for rule in rules], np.float64),
            np.array([rule.aggregate == Aggregate.ALL for rule in rules], bool),
            np.array([rule.aggregate == Aggregate.AVG for rule in rules], bool),
        )


@dataclass(frozen=True)
class Verdicts:
    """A line a rule. `known` is False where there was no point at all; then the others say nothing."""

    known: Truths
    triggered: Truths
    value: Values


def verdicts(conditions: Conditions, points: Values) -> Verdicts:
    """Judge a row of points a rule, NaN being none.

    `value` is the mean where the mean is judged; else the highest of the points for `gt`, the lowest for `lt`: of all
    of them, or, where `all` had to be beyond and were not, of those that were not.
    """
    there = ~np.isnan(points)
    above, threshold = conditions.above[:, None], conditions.threshold[:, None]
    beyond = np.where(above, points > threshold, points < threshold)
    count = there.sum(axis=1)
    hits = beyond.sum(axis=1)
    known = count > 0
    mean = np.where(there, points, 0.0).sum(axis=1) / np.maximum(count, 1)
    mean_beyond = np.where(conditions.above, mean > conditions.threshold, mean < conditions.threshold)
    by_points = np.where(conditions.every, hits == count, hits > 0)
    triggered = known & np.where(conditions.mean, mean_beyond, by_points)
    told = there & ~(beyond & (conditions.every & ~triggered)[:, None])
    highest = np.where(told, points, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(told, points, np.inf).min(axis=1, initial=np.inf)
    value = np.where(conditions.mean, mean, np.where(conditions.above, highest, lowest))
    return Verdicts(known, triggered, value)
