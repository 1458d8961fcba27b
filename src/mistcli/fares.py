"""How a backend fares, for a person: what is wrong with it, and how old what is shown of it is."""

from __future__ import annotations

from typing import Any

from mistcli.text import warn

_PAUSED_AFTER = 1


def trouble_text(trouble: dict[str, Any]) -> str:
    """Why it could not be read, and when the service asks again by itself where that is later than usual."""
    again = trouble.get("next_try_at")
    if not again:
        return str(trouble["message"])
    failures = trouble.get("failures") or 1
    often = f"{failures} failures in a row" if failures > _PAUSED_AFTER else "it is left alone for a while"
    return f"{trouble['message']} ({often}; asked again at {clock(again)}, or with --refresh)"


def warn_of(backends: list[dict[str, Any]], what: str) -> None:
    """A warning for each backend in trouble; `what` of it is shown as it was last read."""
    for backend in backends:
        if trouble := backend.get("trouble"):
            age_s = backend.get("age_s")
            since = "it was never read" if age_s is None else f"its {what} are shown as of {age_text(age_s)} ago"
            warn(f"{backend['name']}: {trouble_text(trouble)} ({since})")


def age_text(age_s: float) -> str:
    """`45 s`, `12 min`, `3 h`, `2 d`."""
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if age_s >= 2 * seconds:
            return f"{age_s / seconds:.0f} {unit}"
    return f"{age_s:.0f} s"


def clock(moment: str) -> str:
    """`12:30:15 UTC` of a moment such as 2026-11-23T12:30:15.123456Z."""
    return f"{moment.partition('T')[2][:8]} UTC"
