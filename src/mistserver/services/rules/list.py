"""The rules of an account, and what a name or an id picks of them."""

from __future__ import annotations

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.page import Page, clean_limit
from mistserver.domain.rule import Rule
from mistserver.domain.selector import select as pick
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.store import rules


class _Candidate(msgspec.Struct, frozen=True):
    rule: Rule

    def ids(self) -> tuple[str, ...]:
        return (self.rule.id,)

    def names(self) -> tuple[str, ...]:
        return (self.rule.name,)

    def searched(self) -> tuple[str, ...]:
        return (self.rule.name, self.rule.id)


async def page(
    ctx: Context, actor: Actor, machine_id: str | None, limit: int | None = None, cursor: str | None = None
) -> Page[Rule]:
    """Rules by name; with a machine those that are about it alone."""
    actor.require(Scope.READ)
    if machine_id is not None:
        await lookup.find(ctx, actor, machine_id)
    return await ctx.database.read(rules.page, actor.account_id, machine_id, (clean_limit(limit), cursor))


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Rule]]:
    """The level at which the term matches, and the rules that it picks."""
    actor.require(Scope.READ)
    everything = await ctx.database.read(rules.all_of, actor.account_id)
    level, candidates = pick(term, [_Candidate(rule) for rule in everything])
    return level, [candidate.rule for candidate in candidates]
