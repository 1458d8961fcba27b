"""The account's jobs, newest first."""

from __future__ import annotations

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.domain.job import Job, JobState
from mistserver.domain.page import Page, clean_limit
from mistserver.services.context import Context
from mistserver.store import jobs


class JobQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs: in one state, of one kind, or all."""

    state: JobState | None = None
    kind: str | None = None
    limit: int | None = None
    cursor: str | None = None


async def page(ctx: Context, actor: Actor, query: JobQuery) -> Page[Job]:
    """One page of jobs, with their steps."""
    actor.require(Scope.READ)
    wanted = jobs.JobQuery(state=query.state, kind=query.kind, limit=clean_limit(query.limit), cursor=query.cursor)
    return await ctx.database.read(jobs.page, actor.account_id, wanted)
