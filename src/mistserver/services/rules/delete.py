"""Deleting a rule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.services.context import Context
from mistserver.services.rules.add import record
from mistserver.services.rules.get import found
from mistserver.store import rules


async def delete(ctx: Context, actor: Actor, rule_id: str) -> None:
    """With its alerts; nobody is told anything of them any more. To end them properly, disable the rule first."""
    actor.require(Scope.OPERATE)
    await ctx.database.write(_delete, actor, rule_id, ctx.now())


def _delete(connection: Connection, actor: Actor, rule_id: str, at: datetime) -> None:
    rule = found(connection, actor.account_id, rule_id)
    rules.delete(connection, rule_id)
    record(connection, actor, "rule.deleted", rule, at)
