"""Old jobs and events go, with all that belongs to them; the others stay."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.jobs.engine import Jobs, RunningJob, handler
from mistserver.jobs.retention import JOBS, Retention
from mistserver.store.tables import events, job_items, job_output, job_steps, jobs
from tests.contract.jobs.plain import ended, submit


@handler("test.short", at_once=True)
async def short(ctx: object, job: RunningJob) -> None:
    await job.output("M" * 22, "m", "stdout", "hello")
    await job.step("nothing", lambda: None)


@handler("test.lasting", at_once=True)
async def lasting(ctx: object, job: RunningJob) -> None:
    await job.pause(60)


async def test_finished_jobs_go_after_their_time_and_running_ones_stay(engine: Jobs) -> None:
    running = await submit(engine, "test.lasting", items=[("M" * 22, "m")])
    finished = [await submit(engine, "test.short", items=[("M" * 22, "m")]) for _ in range(JOBS + 2)]
    for job in finished:
        await ended(engine, job.id)
    ids = [job.id for job in finished]
    await engine.in_thread(lambda: [None for _ in iter(lambda: len(engine.durable.ended(ids)) == len(ids), True)])
    engine.config = replace(engine.config, jobs_kept_days=-1, events_kept_days=-1)

    await Retention(engine).run()

    counts = await engine.database.read(_count)
    assert counts == {"jobs": 1, "job_steps": 0, "job_items": 1, "job_output": 0, "events": 0}
    assert await engine.in_thread(engine.durable.known, [running.id, *ids]) == {running.id: "PENDING"}


async def test_nothing_goes_before_its_time(engine: Jobs) -> None:
    await ended(engine, (await submit(engine, "test.short")).id)

    await Retention(engine).run()

    assert (await engine.database.read(_count))["jobs"] == 1


def _count(connection: Connection) -> dict[str, int]:
    tables = (jobs, job_steps, job_items, job_output, events)
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables
    }
