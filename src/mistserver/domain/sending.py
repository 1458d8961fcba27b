"""How the samples of monitored machines come just now."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from mistserver.domain.machine import Machine

SILENT_S = 90  # without a sample; longer where samples come less often
_LONGEST_S = 3600


class Expected(msgspec.Struct, frozen=True):
    """`way`: `agent`, `agentless` or `by_hand`."""

    way: str
    interval_s: int
    enabled_at: datetime


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """The newest sample of a machine, which sends one every `interval_s` seconds, was `age_s` ago; None before any.

    `silent`: none came for 90 s, or three intervals. None when the store of metrics did not answer.
    """

    way: str
    interval_s: int
    enabled_at: datetime
    newest_at: datetime | None
    age_s: float | None
    silent: bool | None


class ShownMachine(Machine, frozen=True, kw_only=True):
    """A machine with how its samples come; None when it is not monitored."""

    monitoring: Sending | None


def silent_after_s(interval_s: int) -> int:
    """After how long without a sample something is wrong."""
    return min(_LONGEST_S, max(SILENT_S, 3 * interval_s))


def sending_of(expected: Expected, newest_at: datetime | None, now: datetime, *, known: bool = True) -> Sending:
    """`known`: whether the store of metrics said so."""
    since = newest_at or expected.enabled_at
    return Sending(
        way=expected.way,
        interval_s=expected.interval_s,
        enabled_at=expected.enabled_at,
        newest_at=newest_at,
        age_s=None if newest_at is None else max(0.0, round((now - newest_at).total_seconds(), 1)),
        silent=now - since > timedelta(seconds=silent_after_s(expected.interval_s)) if known else None,
    )
