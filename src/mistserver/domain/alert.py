"""Alerts: one incident of one rule on one machine; the channels that are told, and silences."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class AlertState(StrEnum):
    """`pending`: the condition holds, but not yet for as long as the rule says. Without any alert: inactive."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """`since` is when the condition began to hold. `told` counts the messages so far: the first one and reminders.

    `job_id` is the job of the rule's action, `trouble` why there is none, or why it ended as it did.
    """

    id: str
    rule_id: str
    rule_name: str
    machine_id: str
    machine_name: str
    condition: str
    state: AlertState
    value: float
    since: datetime
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    told: int = 0
    channels: tuple[str, ...] = ()
    job_id: str | None = None
    trouble: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages go. Its URL is a secret; `kind` is how the URL begins (`mailto`, `json`, `slack`).

    `failing_since` and `trouble` tell of a receiver that does not take messages; those wait for it.
    """

    id: str
    name: str
    kind: str
    created_at: datetime
    failing_since: datetime | None = None
    trouble: str | None = None
    sent_at: datetime | None = None


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Until `ends_at` no alert tells anybody or acts that matches all that is given: a rule, a machine, a tag."""

    id: str
    rule_id: str | None
    machine_id: str | None
    tag: str | None
    reason: str
    created_by: str
    created_at: datetime
    ends_at: datetime


class MessageKind(StrEnum):
    FIRING = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel is still to be told of one alert. Those of a rule that are alike are sent as one."""

    seq: int
    channel_id: str
    alert_id: str
    rule_id: str
    rule_name: str
    kind: MessageKind
    machine_name: str
    condition: str
    value: float
    at: datetime
    tries: int
