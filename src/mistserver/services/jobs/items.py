"""The results of a job, machine by machine, with what the machines said."""

from __future__ import annotations

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.job import JobItem, JobState
from mistserver.domain.page import Page, clean_limit, decode_cursor, encode_cursor
from mistserver.services.context import Context
from mistserver.services.jobs.get import found
from mistserver.store import job_items, job_output

PAGE_CHARACTERS = 2_000_000


class ItemQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items: those in one state, or all, in the order of the asking."""

    state: JobState | None = None
    limit: int | None = None
    cursor: str | None = None


async def page(ctx: Context, actor: Actor, job_id: str, query: ItemQuery) -> Page[JobItem]:
    """A page of items. Where machines said much it is shorter than asked for: about 2 MB of output at most."""
    actor.require(Scope.READ)
    after = decode_cursor(query.cursor, tuple[int])[0] if query.cursor else -1
    limit = clean_limit(query.limit)
    wanted = job_items.ItemQuery(state=query.state, limit=limit + 1, after=after)
    return await ctx.database.read(_read, actor.account_id, job_id, wanted)


def _read(connection: Connection, account_id: str, job_id: str, query: job_items.ItemQuery) -> Page[JobItem]:
    found(connection, account_id, job_id)
    rows = job_items.page(connection, job_id, query)
    sizes = job_output.sizes(connection, job_id, [item.machine_id for _, item in rows])
    taken, size = 0, 0
    for _, item in rows[: query.limit - 1]:
        size += sizes.get(item.machine_id, 0)
        if taken and size > PAGE_CHARACTERS:
            break
        taken += 1
    texts = job_output.texts(connection, job_id, [item.machine_id for _, item in rows[:taken]])
    told = [
        msgspec.structs.replace(
            item,
            stdout=texts.get((item.machine_id, "stdout"), ""),
            stderr=texts.get((item.machine_id, "stderr"), ""),
        )
        for _, item in rows[:taken]
    ]
    more = taken < len(rows)
    return Page(items=told, next_cursor=encode_cursor(rows[taken - 1][0]) if more else None)
