"""From judgements to what changes: which incidents begin and end, and who is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from mistserver.domain.alert import Alert, AlertState, Message, MessageKind, Silence
from mistserver.domain.rule import Rule, RuleAction
from mistserver.services.alerts import progress
from mistserver.services.alerts.judging import Judgements, Pair
from mistserver.store.alerts import StoredAlert
from mistserver.store.targets import Target

Open = dict[tuple[str, str], StoredAlert]  # by rule and machine


@dataclass(frozen=True)
class Known:
    """What is kept, as far as it matters. `untold`: (channel, alert) of messages that have not gone out yet."""

    open: Open
    silences: dict[str, list[Silence]]
    channels: dict[str, list[str]]
    untold: set[tuple[str, str]]


@dataclass
class Changes:
    """`due`: alerts among `changed` whose rule's action is to be done now."""

    new: list[StoredAlert] = field(default_factory=list)
    changed: list[StoredAlert] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def decide(about: Sequence[Pair], judged: Judgements, known: Known, now: datetime) -> Changes:
    """Every incident one step on."""
    changes = Changes()
    left = dict(known.open)
    for rule, target in about:
        place = rule.id, target.id
        before = left.get(place)
        if before is not None and rule.changed_at > before.alert.since:
            continue  # of another rule than this one has become: it ends below
        left.pop(place, None)
        result = judged.get(place)
        if before is None and (result is None or not result.triggered):
            continue
        _one(changes, (rule, target), (before, result), known, now)
    for stored in left.values():
        _end(changes, stored, progress.ended(stored.alert, stored.alert.value, now, "Its rule is not in force."), known)
    return changes


def _one(
    changes: Changes, pair: Pair, was: tuple[StoredAlert | None, progress.Judged | None], known: Known, now: datetime
) -> None:
    (rule, target), (before, result) = pair, was
    if before is None:
        alert = None if result is None else progress.begun(rule, (target.id, target.name), result, now)
        if alert is not None:
            changes.new.append(_told(changes, StoredAlert(account_id=target.account_id, alert=alert), pair, known, now))
        return
    alert = before.alert if result is None else progress.after(before.alert, rule, result, now)
    if alert is None or alert.state == AlertState.RESOLVED:
        _end(changes, before, alert, known)
        return
    after = _told(changes, msgspec.structs.replace(before, alert=alert), pair, known, now)
    if after != before:
        changes.changed.append(after)
    if after.act and not before.act:
        changes.due.append(alert.id)


def _end(changes: Changes, before: StoredAlert, alert: Alert | None, known: Known) -> None:
    if alert is None:
        changes.gone.append(before.alert.id)
        return
    changes.changed.append(msgspec.structs.replace(before, alert=alert))
    there = known.channels.get(before.account_id, [])
    if alert.told and alert.resolved_at is not None:
        channels = [channel for channel in alert.channels if channel in there]
        changes.messages += _messages(alert, MessageKind.RESOLVED, channels, alert.resolved_at)


def _told(changes: Changes, stored: StoredAlert, pair: Pair, known: Known, now: datetime) -> StoredAlert:
    """With the messages that are due: the first one, with which the rule's action is due too, or a reminder."""
    rule, target = pair
    alert = stored.alert
    level = progress.level(alert, rule, now)
    if level <= alert.told or any(
        _silences(silence, rule, target) for silence in known.silences.get(target.account_id, [])
    ):
        return stored
    there = known.channels.get(target.account_id, [])
    if alert.told == 0:
        channels = [channel for channel in (rule.channels or there) if channel in there]
        changes.messages += _messages(alert, MessageKind.FIRING, channels, now)
        alert = msgspec.structs.replace(alert, told=level, channels=tuple(channels))
        return msgspec.structs.replace(stored, alert=alert, act=rule.action != RuleAction.NOTIFY)
    waiting = [channel for channel in alert.channels if channel in there and (channel, alert.id) not in known.untold]
    changes.messages += _messages(alert, MessageKind.REMINDER, waiting, now)
    return msgspec.structs.replace(stored, alert=msgspec.structs.replace(alert, told=level))


def _silences(silence: Silence, rule: Rule, target: Target) -> bool:
    return (
        silence.rule_id in (None, rule.id)
        and silence.machine_id in (None, target.id)
        and (silence.tag is None or silence.tag in target.tags)
    )


def _messages(alert: Alert, kind: MessageKind, channels: Sequence[str], now: datetime) -> Iterator[Message]:
    for channel_id in channels:
        yield Message(
            seq=0,
            channel_id=channel_id,
            alert_id=alert.id,
            rule_id=alert.rule_id,
            rule_name=alert.rule_name,
            kind=kind,
            machine_name=alert.machine_name,
            condition=alert.condition,
            value=alert.value,
            at=now,
            tries=0,
        )
