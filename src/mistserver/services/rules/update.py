"""Changing a rule. From then on it is another one: what was open of it ends, and it begins with clean history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.rule import Aggregate, Operator, Rule, RuleAction
from mistserver.services.context import Context
from mistserver.services.rules.add import record
from mistserver.services.rules.checked import channel_ids, require_meant, require_there
from mistserver.services.rules.get import found
from mistserver.store import rules
from mistserver.store.locks import lock_account


class UpdateRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. Another action without a command or script takes the old one away."""

    name: str | UnsetType = UNSET
    metric: str | UnsetType = UNSET
    operator: Operator | UnsetType = UNSET
    value: float | UnsetType = UNSET
    aggregate: Aggregate | UnsetType = UNSET
    window_s: int | UnsetType = UNSET
    for_s: int | UnsetType = UNSET
    action: RuleAction | UnsetType = UNSET
    command: str | UnsetType = UNSET
    script: str | UnsetType = UNSET
    sudo: bool | UnsetType = UNSET
    allow_destroy: bool | UnsetType = UNSET
    channels: tuple[str, ...] | UnsetType = UNSET
    reminder_offset_s: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


async def update(ctx: Context, actor: Actor, rule_id: str, request: UpdateRule) -> Rule:
    """Whoever changes a rule is the one for whom it acts from then on."""
    actor.require(Scope.OPERATE)
    script = request.script if request.script is not UNSET else None
    sealed = None if script is None else ctx.vault.seal(script.encode(), f"rule:{rule_id}")
    return await ctx.database.write(_update, actor, (rule_id, request), sealed, ctx.now())


def _update(
    connection: Connection, actor: Actor, what: tuple[str, UpdateRule], sealed: bytes | None, at: datetime
) -> Rule:
    rule_id, request = what
    lock_account(connection, actor.account_id)
    old = found(connection, actor.account_id, rule_id)
    changes: dict[str, Any] = {
        name: value
        for name in request.__struct_fields__
        if name != "script" and (value := getattr(request, name)) is not UNSET
    }
    if "channels" in changes:
        changes["channels"] = channel_ids(connection, actor.account_id, changes["channels"])
    if "name" in changes:
        changes["name"] = changes["name"].strip()
    if changes.get("action", RuleAction.COMMAND) != RuleAction.COMMAND:
        changes.setdefault("command", None)
    owner = {"user_id": actor.user_id, "created_by": actor.email, "changed_at": at}
    rule = msgspec.structs.replace(old, **changes, **owner)
    kept = rules.script(connection, rule_id) if rule.action == RuleAction.SCRIPT else None
    script = request.script if request.script is not UNSET else None
    require_meant(rule, script, has_script=kept is not None)
    require_there(connection, actor.account_id, rule)
    rules.update(connection, rule, sealed or kept)
    record(connection, actor, "rule.changed", rule, at)
    return rule
