"""What a channel is told, and of which incidents together."""

from __future__ import annotations

from collections.abc import Sequence

from mistserver.domain.alert import Message, MessageKind
from mistserver.domain.names import visible

_LISTED = 20
_WORDS = {
    MessageKind.FIRING: "ALERT",
    MessageKind.REMINDER: "STILL",
    MessageKind.RESOLVED: "OK",
}


def first_group(waiting: Sequence[Message]) -> list[Message]:
    """The messages to send first, as one: of one rule and kind, none before what was to be said earlier of it."""
    if not waiting:
        return []
    first, blocked, group = waiting[0], set[str](), list[Message]()
    for message in waiting:
        if message.rule_id == first.rule_id and message.kind == first.kind and message.alert_id not in blocked:
            group.append(message)
        blocked.add(message.alert_id)
    return group


def worded(group: Sequence[Message]) -> tuple[str, str]:
    """Title and body."""
    first = group[0]
    machines = first.machine_name if len(group) == 1 else f"{len(group)} machines"
    title = f"[Mist] {_WORDS[first.kind]}: {visible(first.condition)} on {visible(machines)}"
    lines = [f"Rule: {visible(first.rule_name)}"]
    for message in group[:_LISTED]:
        lines.append(f"{visible(message.machine_name)}: {message.value:g} ({message.at:%Y-%m-%d %H:%M:%S} UTC)")
    if len(group) > _LISTED:
        lines.append(f"and {len(group) - _LISTED} more")
    return title, "\n".join(lines)
