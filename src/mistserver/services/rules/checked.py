"""Whether a rule can be meant."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy.engine import Connection

from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.names import clean_name, clean_tag, visible
from mistserver.domain.rule import Rule, RuleAction
from mistserver.services.machines import lookup
from mistserver.store import channels

MOST_CHANNELS = 100
_LONGEST_METRIC = 255
_LONGEST_TEXT = 64 * 1024
_SPANS = {"window_s": (20, 3600), "for_s": (0, 86400), "reminder_offset_s": (0, 86400)}


def require_meant(rule: Rule, script: str | None, has_script: bool) -> None:
    """InvalidInput that names the field; whether what it is about exists is asked by `require_there`."""
    if (rule.machine_id is None) == (rule.tag is None):
        raise InvalidInput("Say what the rule is about: give either a machine or a tag.", field="machine_id")
    if rule.tag is not None:
        clean_tag(rule.tag)
    if not 0 < len(rule.metric) <= _LONGEST_METRIC or not rule.metric.isprintable():
        raise InvalidInput("The id of a metric has 1 to 255 visible characters.", field="metric")
    clean_name(rule.name, "rule")
    if not math.isfinite(rule.value):
        raise InvalidInput("The value of a rule is a finite number.", field="value")
    for field, (least, most) in _SPANS.items():
        if not least <= getattr(rule, field) <= most:
            raise InvalidInput(f"{field} goes from {least} to {most} seconds.", field=field)
    _require_action(rule, script, has_script)


def _require_action(rule: Rule, script: str | None, has_script: bool) -> None:
    if (rule.action == RuleAction.COMMAND) != (rule.command is not None):
        raise InvalidInput("A command belongs to the action `command`, and only to it.", field="command")
    if script is not None and rule.action != RuleAction.SCRIPT:
        raise InvalidInput("A script belongs to the action `script`, and only to it.", field="script")
    if rule.action == RuleAction.SCRIPT and script is None and not has_script:
        raise InvalidInput("The action `script` needs the script's text.", field="script")
    for field, text in (("command", rule.command), ("script", script)):
        if text is not None and (not text.strip() or "\0" in text or len(text) > _LONGEST_TEXT):
            raise InvalidInput(f"The {field} has 1 to {_LONGEST_TEXT} characters and no NUL.", field=field)
    if rule.action == RuleAction.DESTROY and not rule.allow_destroy:
        raise InvalidInput(
            "A rule that destroys machines needs allow_destroy (--allow-destroy): what it destroys is gone for ever.",
            field="allow_destroy",
        )


def require_there(connection: Connection, account_id: str, rule: Rule) -> None:
    """NotFound for a machine or a channel that the account does not have."""
    if rule.machine_id is not None:
        lookup.found(connection, account_id, rule.machine_id)
    for channel_id in rule.channels:
        if channels.get(connection, account_id, channel_id) is None:
            raise NotFound(f"There is no channel with the id {visible(channel_id[:64])!r}.", noun="channel")


def channel_ids(connection: Connection, account_id: str, given: Sequence[str]) -> tuple[str, ...]:
    """The ids of channels that were given by id or by name."""
    if len(given) > MOST_CHANNELS:
        raise InvalidInput(f"A rule has at most {MOST_CHANNELS} channels.", field="channels")
    found: dict[str, None] = {}
    for word in given:
        stored = channels.get(connection, account_id, word) or channels.by_name(connection, account_id, word)
        if stored is None:
            raise NotFound(f"There is no channel called {visible(word[:64])!r}.", noun="channel", id=word[:64])
        found[stored.channel.id] = None
    return tuple(found)
