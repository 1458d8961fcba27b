"""Which keys a typed name or id picks."""

from __future__ import annotations

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.key import Key
from mistserver.domain.selector import select as pick
from mistserver.services.context import Context
from mistserver.store import keys


class _Named(msgspec.Struct, frozen=True):
    key: Key

    def ids(self) -> list[str]:
        return [self.key.id]

    def names(self) -> list[str]:
        return [self.key.name]

    def searched(self) -> list[str]:
        return [self.key.name, self.key.id]


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Key]]:
    """How the term matches (`id`, `name`, ... `none`), and every key that matches so."""
    actor.require(Scope.READ)
    known = await ctx.database.read(keys.all_of, actor.account_id)
    level, found = pick(term, [_Named(key) for key in known])
    return level, [named.key for named in found]
