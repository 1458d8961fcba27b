"""A job while it happens: its state, its steps, its machines and what they say, until it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.job import TERMINAL, Job, JobItem, JobOutput, JobStep
from mistserver.services.context import Context
from mistserver.services.jobs.get import found
from mistserver.store import job_items, job_output, jobs

PIECES = 200  # of at most 32 768 characters each: what one slow reader holds in memory
ITEMS = 500


class Told(msgspec.Struct, frozen=True):
    """`event` names what `data` is: job, step, item, output, and last `end` with the job. `seq` resumes outputs."""

    event: str
    data: Job | JobStep | JobItem | JobOutput
    seq: int | None = None


class _Seen(msgspec.Struct):
    """How far one reader is."""

    output: int
    item: int = 0
    job: Job | None = None
    steps: dict[str, JobStep] = {}


class _News(NamedTuple):
    job: Job
    output: list[JobOutput]
    items: list[tuple[int, JobItem]]


async def stream(ctx: Context, actor: Actor, job_id: str, after: int = 0) -> AsyncIterator[Told]:
    """What there is to tell from now on, and of outputs everything behind the seq `after`.

    Works in any service, wherever the job runs. Job, step and item come as they stand, whenever they have changed;
    an item that has ended comes behind its last output. A reader that is slow slows nobody else: it reads pages.
    When the service stops, the stream ends without `end`, and can be taken up again behind the last seq.
    """
    actor.require(Scope.READ)
    await ctx.database.read(found, actor.account_id, job_id)
    seen = _Seen(output=after)
    with ctx.jobs.signals.watch(jobs.topic(job_id)) as watch:
        while not ctx.jobs.signals.closing:
            news = await ctx.database.read(_news, actor.account_id, job_id, seen)
            for record in _tell(news, seen):
                yield record
            if len(news.output) == PIECES or len(news.items) == ITEMS:
                continue
            if news.job.state in TERMINAL:
                yield Told("end", news.job)
                return
            await watch.wait(ctx.jobs.signals.patience_s)


def _news(connection: Connection, account_id: str, job_id: str, seen: _Seen) -> _News:
    # in this order: what an ended job or item said is written before or with its end, so that it is found after it
    job = found(connection, account_id, job_id)
    items = job_items.changed_since(connection, job_id, seen.item, ITEMS)
    output = job_output.after(connection, job_id, seen.output, PIECES)
    return _News(job, output, items if len(output) < PIECES else [])


def _tell(news: _News, seen: _Seen) -> list[Told]:
    told: list[Told] = []
    head = msgspec.structs.replace(news.job, steps=())
    if head != seen.job:
        seen.job = head
        told.append(Told("job", news.job))
    for step in news.job.steps:
        if seen.steps.get(step.name) != step:
            seen.steps[step.name] = step
            told.append(Told("step", step))
    told.extend(Told("output", piece, piece.seq) for piece in news.output)
    told.extend(Told("item", item) for _, item in news.items)
    seen.output = news.output[-1].seq if news.output else seen.output
    seen.item = news.items[-1][0] if news.items else seen.item
    return told
