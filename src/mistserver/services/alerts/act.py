"""Doing what rules say: once per incident, as a job of the user who last changed the rule, if that user still may."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.alert import Alert
from mistserver.domain.errors import Conflict, Forbidden, MistError, NotFound
from mistserver.domain.machine import Action
from mistserver.domain.rule import Rule, RuleAction
from mistserver.services import repeats
from mistserver.services.accounts.issue import actor_of
from mistserver.services.context import Context
from mistserver.services.machines import act, run
from mistserver.services.machines.act import ActOnMachine
from mistserver.services.machines.run import RunCommand
from mistserver.store import alerts, events, rules, users
from mistserver.store.alerts import StoredAlert

log = logging.getLogger(__name__)

EVERY_S = 3.0
PATIENCE = timedelta(minutes=5)  # with what says that it cannot be done now
_AT_ONCE = 32


async def turn(ctx: Context) -> None:
    """Start what is due. An action whose job was made before a crash is found by the key that it was made with."""
    due = await ctx.database.read(alerts.to_act, _AT_ONCE)
    for result in await asyncio.gather(*(_one(ctx, stored) for stored in due), return_exceptions=True):
        if isinstance(result, BaseException):
            log.error("the action of an alert could not be started: %s", type(result).__name__)


async def _one(ctx: Context, stored: StoredAlert) -> None:
    rule = await ctx.database.read(rules.get, stored.account_id, stored.alert.rule_id)
    if rule is None:
        return
    try:
        job_id, trouble = await _start(ctx, stored, rule), None
    except MistError as error:
        if error.retryable and ctx.now() < (stored.alert.fired_at or ctx.now()) + PATIENCE:
            log.warning("the action of an alert waits: %s", error.message)
            return
        job_id, trouble = None, error.message
    await ctx.database.write(_acted, stored, rule, (job_id, trouble), ctx.now())


async def _start(ctx: Context, stored: StoredAlert, rule: Rule) -> str:
    user = await ctx.database.read(users.get, stored.account_id, rule.user_id)
    if user is None:
        raise Forbidden(f"The user {rule.created_by}, for whom this rule acts, is gone; change the rule to own it.")
    key, what = f"alert:{stored.alert.id}", rule.action.value
    actor = msgspec.structs.replace(actor_of(user), idempotency_key=key, request_hash=what)
    actor.require(Scope.OPERATE)
    made = await repeats.find(ctx, actor)
    return made if made is not None else await _submit(ctx, actor, rule, stored.alert)


async def _submit(ctx: Context, actor: Actor, rule: Rule, alert: Alert) -> str:
    if rule.action in (RuleAction.COMMAND, RuleAction.SCRIPT):
        script = None
        if rule.action == RuleAction.SCRIPT:
            sealed = await ctx.database.read(rules.script, rule.id)
            if sealed is None:
                raise NotFound("The script of this rule is gone; give it anew.", noun="rule", id=rule.id)
            script = ctx.vault.unseal(sealed, f"rule:{rule.id}").decode()
        command = rule.command if script is None else None
        request = RunCommand(command=command, script=script, sudo=rule.sudo, machines=[alert.machine_id])
        return (await run.submit(ctx, actor, request)).id
    if rule.action == RuleAction.DESTROY and not rule.allow_destroy:
        raise Conflict("This rule is not allowed to destroy machines.", rule_id=rule.id)
    action = Action(rule.action.value)
    return (await act.submit(ctx, actor, alert.machine_id, ActOnMachine(action=action))).id


def _acted(
    connection: Connection, stored: StoredAlert, rule: Rule, result: tuple[str | None, str | None], at: datetime
) -> None:
    (job_id, trouble), alert = result, stored.alert
    if not alerts.acted(connection, alert.id, job_id, trouble):
        return
    events.record(
        connection,
        None,
        "alert.acted",
        account_id=stored.account_id,
        subject=("machine", alert.machine_id, alert.machine_name),
        outcome="succeeded" if job_id else "failed",
        message=f"{rule.action} on {alert.machine_name}" if job_id else trouble or "",
        details={"alert_id": alert.id, "rule_id": rule.id, "action": rule.action},
        job_id=job_id,
        at=at,
    )
