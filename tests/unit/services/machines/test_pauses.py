"""A backend that keeps failing is asked less and less often, up to a limit; the first success forgets it all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import (
    MistError,
    ProviderAuthFailed,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.services.machines.pauses import LONGEST_S, after, paused

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def pauses_s(error: MistError, times: int, interval_s: float = 60.0) -> list[float | None]:
    """The pause after each of so many failures in a row."""
    trouble, found = None, []
    for _ in range(times):
        trouble = after(error, trouble, interval_s, NOW)
        again = trouble.next_try_at
        found.append(None if again is None else (again - NOW).total_seconds())
    return found


def test_two_failures_change_nothing_and_then_the_pause_doubles_up_to_a_limit() -> None:
    assert pauses_s(ProviderTimeout("late"), 8) == [None, None, 120, 240, 480, 900, 900, 900]


def test_the_pause_is_never_shorter_than_the_usual_time_between_two_readings() -> None:
    assert pauses_s(ProviderTimeout("late"), 4, interval_s=3600.0) == [None, None, 3600, 3600]


def test_a_thousand_failures_are_still_a_pause() -> None:
    assert pauses_s(ProviderTimeout("late"), 1000)[-1] == LONGEST_S


def test_wrong_credentials_are_left_alone_at_once() -> None:
    assert pauses_s(ProviderAuthFailed("wrong"), 2) == [900, 900]


@pytest.mark.parametrize(
    ("asked_s", "granted_s"), [(30, 30.0), (300.5, 300.5), (10**9, 3600.0), (None, None), (0, 0.0)]
)
def test_what_a_provider_asks_for_is_granted_up_to_an_hour(asked_s: float | None, granted_s: float | None) -> None:
    assert pauses_s(ProviderRateLimited("slower", retry_after_s=asked_s), 1) == [granted_s]


def test_a_rate_limit_that_goes_on_doubles_like_any_failure() -> None:
    assert pauses_s(ProviderRateLimited("slower", retry_after_s=5), 4) == [5, 5, 120, 240]


def test_the_first_failure_of_a_row_is_remembered() -> None:
    first = after(ProviderUnreachable("gone"), None, 60.0, NOW)
    second = after(ProviderTimeout("late"), first, 60.0, NOW + timedelta(minutes=1))

    assert (first.failures, first.since) == (1, NOW)
    assert (second.failures, second.since, second.code) == (2, NOW, "provider_timeout")


def test_a_row_that_an_earlier_version_began_is_gone_on_with() -> None:
    kept = Trouble(code="provider_timeout", message="late", at=NOW)

    assert after(ProviderTimeout("late"), kept, 60.0, NOW + timedelta(minutes=1)).since == NOW


def test_a_pause_ends() -> None:
    trouble = after(ProviderAuthFailed("wrong"), None, 60.0, NOW)

    assert paused(trouble, NOW + timedelta(seconds=899))
    assert not paused(trouble, NOW + timedelta(seconds=900))
    assert not paused(after(ProviderTimeout("late"), None, 60.0, NOW), NOW)
    assert not paused(None, NOW)
