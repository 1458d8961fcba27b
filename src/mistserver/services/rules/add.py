"""Adding a rule."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.domain.ids import new_id
from mistserver.domain.rule import NODATA, WINDOW_S, Aggregate, Operator, Rule, RuleAction
from mistserver.domain.sending import silent_after_s
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.services.rules.checked import channel_ids, require_meant, require_there
from mistserver.store import events, rules
from mistserver.store.locks import lock_account

MOST_RULES = 20_000  # of one account


class AddRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `machine_id` and `tag`. `value` is needed except for the metric `nodata`; `channels`: ids or names."""

    metric: str
    machine_id: str | None = None
    tag: str | None = None
    operator: Operator = Operator.GT
    value: float | None = None
    aggregate: Aggregate = Aggregate.ALL
    window_s: int = WINDOW_S
    for_s: int = 0
    action: RuleAction = RuleAction.NOTIFY
    command: str | None = None
    script: str | None = None
    sudo: bool = False
    allow_destroy: bool = False
    channels: tuple[str, ...] = ()
    reminder_offset_s: int = 0
    name: str | None = None


async def add(ctx: Context, actor: Actor, request: AddRule) -> Rule:
    """It is judged as soon as there are thirty seconds of history after it was made."""
    actor.require(Scope.OPERATE)
    if request.value is None and request.metric != NODATA:
        raise InvalidInput("Give the value that the metric is compared with.", field="value")
    rule = _rule(actor, request, ctx.now())
    require_meant(rule, request.script, has_script=False)
    sealed = None if request.script is None else ctx.vault.seal(request.script.encode(), f"rule:{rule.id}")
    return await ctx.database.write(_add, actor, rule, request.channels, sealed)


def _rule(actor: Actor, request: AddRule, now: datetime) -> Rule:
    rule = Rule(
        id=new_id(),
        name=request.name or "",
        machine_id=request.machine_id,
        tag=None if request.tag is None else request.tag.strip(),
        metric=request.metric,
        operator=request.operator,
        value=float(request.value or 0),
        aggregate=request.aggregate,
        window_s=request.window_s,
        for_s=request.for_s,
        action=request.action,
        command=request.command,
        sudo=request.sudo,
        allow_destroy=request.allow_destroy,
        channels=(),
        reminder_offset_s=request.reminder_offset_s,
        enabled=True,
        user_id=actor.user_id,
        created_by=actor.email,
        created_at=now,
        changed_at=now,
    )
    name = rule.condition if request.name is None else request.name.strip()
    return msgspec.structs.replace(rule, name=name)


def _add(connection: Connection, actor: Actor, rule: Rule, given: tuple[str, ...], sealed: bytes | None) -> Rule:
    lock_account(connection, actor.account_id)
    rule = msgspec.structs.replace(rule, channels=channel_ids(connection, actor.account_id, given))
    require_there(connection, actor.account_id, rule)
    if rules.count(connection, actor.account_id) >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already; delete some, or use tags instead of machines.")
    rules.insert(connection, actor.account_id, rule, sealed)
    repeats.keep(connection, actor, rule.id, rule.created_at)
    record(connection, actor, "rule.added", rule, rule.created_at)
    return rule


def record(connection: Connection, actor: Actor | None, kind: str, rule: Rule, at: datetime) -> None:
    events.record(
        connection,
        actor,
        kind,
        subject=("rule", rule.id, rule.name),
        message=rule.condition,
        details={"machine_id": rule.machine_id, "tag": rule.tag, "action": rule.action},
        at=at,
    )


def add_nodata(connection: Connection, actor: Actor, machine_id: str, interval_s: int, at: datetime) -> None:
    """The rule that a monitored machine has from the beginning: nothing came for a while. Idempotent."""
    if rules.has_nodata(connection, machine_id):
        return
    asked = AddRule(metric=NODATA, machine_id=machine_id, window_s=silent_after_s(interval_s))
    rule = _rule(actor, asked, at)
    rules.insert(connection, actor.account_id, rule)
    record(connection, actor, "rule.added", rule, at)
