"""How long those are left alone who failed or asked for it: backends by the loop that reads them, providers by jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import MistError, ProviderAuthFailed, ProviderRateLimited

IN_TURN = 2  # failures in a row that change nothing
LONGEST_S = 900.0
LONGEST_TRY_PAUSE_S = 60.0  # of a job, before a provider is asked again
_LONGEST_GRANTED_S = 3600.0  # of what a provider asks for


def after(error: MistError, before: Trouble | None, interval_s: float, at: datetime) -> Trouble:
    """The trouble that a failed reading leaves; `before` is what the reading before it left."""
    failures = 1 if before is None else before.failures + 1
    pause_s = _pause_s(error, failures, interval_s)
    return Trouble(
        code=error.code,
        message=error.message,
        at=at,
        failures=failures,
        since=at if before is None else before.since or before.at,
        next_try_at=None if pause_s is None else at + timedelta(seconds=pause_s),
    )


def paused(trouble: Trouble | None, now: datetime) -> bool:
    """Whether the backend is to be left alone now."""
    return trouble is not None and trouble.next_try_at is not None and now < trouble.next_try_at


def _pause_s(error: MistError, failures: int, interval_s: float) -> float | None:
    longest_s = max(LONGEST_S, interval_s)
    if isinstance(error, ProviderAuthFailed):
        return longest_s  # wrong credentials do not get better, and vendors lock accounts that repeat them
    doubled_s = None
    if failures > IN_TURN:
        doubled_s = min(longest_s, interval_s * 2.0 ** min(failures - IN_TURN, 32))
    asked_for_s = error.facts.get("retry_after_s") if isinstance(error, ProviderRateLimited) else None
    if asked_for_s is None:
        return doubled_s
    return max(doubled_s or 0.0, min(float(asked_for_s), _LONGEST_GRANTED_S))


def before_another_try_s(error: ProviderRateLimited, attempt: int) -> float:
    """How long a job waits where the provider said: not yet. As long as it asks for, else longer each time.

    Never so long that the job seems to be stuck.
    """
    return min(max(2.0 ** min(attempt, 4), float(error.facts.get("retry_after_s") or 0.0)), LONGEST_TRY_PAUSE_S)
