"""One rule."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.rule import Rule
from mistserver.services.context import Context
from mistserver.store import rules


async def get(ctx: Context, actor: Actor, rule_id: str) -> Rule:
    """One rule, without the text of its script."""
    actor.require(Scope.READ)
    return await ctx.database.read(found, actor.account_id, rule_id)


def found(connection: Connection, account_id: str, rule_id: str) -> Rule:
    """The rule, or NotFound; one of another account is not found either."""
    rule = rules.get(connection, account_id, rule_id)
    if rule is None:
        raise NotFound(f"There is no rule with the id {rule_id[:64]!r}.", noun="rule", id=rule_id[:64])
    return rule
