"""How an incident goes on: from what is judged now and what was, without a clock or a database of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from mistserver.domain.alert import Alert, AlertState
from mistserver.domain.ids import new_id
from mistserver.domain.names import visible
from mistserver.domain.rule import Rule

REMINDERS_S = (0, 600, 3600, 86400)  # after it fired: the first message and three reminders


class Judged(NamedTuple):
    triggered: bool
    value: float


def begun(rule: Rule, machine: tuple[str, str], judged: Judged, now: datetime) -> Alert | None:
    """The incident that begins, if one does."""
    if not judged.triggered:
        return None
    alert = Alert(
        id=new_id(),
        rule_id=rule.id,
        rule_name=rule.name,
        machine_id=machine[0],
        machine_name=visible(machine[1]),
        condition=rule.condition,
        state=AlertState.PENDING,
        value=judged.value,
        since=now,
    )
    return after(alert, rule, judged, now)


def after(alert: Alert, rule: Rule, judged: Judged, now: datetime) -> Alert | None:
    """The incident as it stands now; None for one that never fired and is over."""
    if judged.triggered:
        if alert.state == AlertState.PENDING and now - alert.since >= timedelta(seconds=rule.for_s):
            return msgspec.structs.replace(alert, state=AlertState.FIRING, fired_at=now, value=judged.value)
        return alert
    return ended(alert, judged.value, now)


def ended(alert: Alert, value: float, now: datetime, why: str | None = None) -> Alert | None:
    """It is over, whatever the reason."""
    if alert.state == AlertState.PENDING:
        return None
    changes = {"state": AlertState.RESOLVED, "resolved_at": now, "value": value}
    return msgspec.structs.replace(alert, **changes, trouble=why or alert.trouble)


def level(alert: Alert, rule: Rule, now: datetime) -> int:
    """How many of the first message and its reminders are due by now."""
    if alert.state != AlertState.FIRING or alert.fired_at is None:
        return 0
    passed_s = (now - alert.fired_at).total_seconds() - rule.reminder_offset_s
    return sum(passed_s >= after_s for after_s in REMINDERS_S)
