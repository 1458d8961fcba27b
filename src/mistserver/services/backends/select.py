"""Which backends a typed name or id picks."""

from __future__ import annotations

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.domain.selector import select as pick
from mistserver.services.context import Context
from mistserver.store import backends


class _Named(msgspec.Struct, frozen=True):
    backend: Backend

    def ids(self) -> list[str]:
        return [self.backend.id]

    def names(self) -> list[str]:
        return [self.backend.name]

    def searched(self) -> list[str]:
        return [self.backend.name, self.backend.id, self.backend.provider, self.backend.provider_label]


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Backend]]:
    """How the term matches (`id`, `name`, ... `none`), and every backend that matches so."""
    actor.require(Scope.READ)
    known = await ctx.database.read(backends.all_of, actor.account_id)
    level, found = pick(term, [_Named(stored.backend) for stored in known])
    return level, [named.backend for named in found]
