"""Rules: when a metric of a machine is a matter for somebody, and what is done then."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

NODATA = "nodata"  # the metric of every monitored machine that is 1 while nothing comes from it, else 0
WINDOW_S = 90  # unless a rule says otherwise


class Operator(StrEnum):
    GT = "gt"
    LT = "lt"


class Aggregate(StrEnum):
    """Of the points in the window: `all` of them, `any` of them, or their mean is beyond the value."""

    ALL = "all"
    ANY = "any"
    AVG = "avg"


class RuleAction(StrEnum):
    """What is done once per incident. Its messages are sent with each of them."""

    NOTIFY = "notify"
    COMMAND = "command"
    SCRIPT = "script"
    REBOOT = "reboot"
    START = "start"
    DESTROY = "destroy"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Holds for the machine `machine_id`, or for every monitored machine with the tag `tag`.

    The metric has to be beyond `value` over the last `window_s` seconds, and that for `for_s` seconds on end. Messages
    go to `channels` (ids), to all of the account without any, `reminder_offset_s` seconds after it fired. The user
    `user_id`, who last changed the rule, has to be allowed to do what `action` says when it comes to that. The text of
    a script is shown to nobody.
    """

    id: str
    name: str
    machine_id: str | None
    tag: str | None
    metric: str
    operator: Operator
    value: float
    aggregate: Aggregate
    window_s: int
    for_s: int
    action: RuleAction
    command: str | None
    sudo: bool
    allow_destroy: bool
    channels: tuple[str, ...]
    reminder_offset_s: int
    enabled: bool
    user_id: str
    created_by: str
    created_at: datetime
    changed_at: datetime

    @property
    def condition(self) -> str:
        """`load.shortterm > 5`, for people."""
        if self.metric == NODATA:
            return "no data"
        return f"{self.metric} {'>' if self.operator == Operator.GT else '<'} {self.value:g}"
