"""Cancelling: while queued, while running, and against a handler that does not listen."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mistserver.domain.errors import Conflict, Forbidden, NotFound
from mistserver.domain.job import JobItem, JobState
from mistserver.jobs.engine import Jobs, NewJob, RunningJob, handler
from mistserver.services.jobs.cancel import cancel
from mistserver.store import events, job_items, jobs
from tests.contract.jobs.plain import ACCOUNT, ACTOR, STRANGER, VIEWER, context, ended, submit

RELEASE = threading.Event()


@handler("test.patient", at_once=True)
async def patient(ctx: object, job: RunningJob) -> None:
    await job.item(JobItem(job_id=job.id, machine_id="M" * 22, machine_name="m", state=JobState.RUNNING))
    await job.step("before", lambda: None)
    await job.pause(60)


@handler("test.deaf", at_once=True)
async def deaf(ctx: object, job: RunningJob) -> None:
    await job.step("before", lambda: None)
    await asyncio.sleep(60)


@handler("test.busy", at_once=True)
async def busy(ctx: object, job: RunningJob) -> None:
    await job.step("long call", RELEASE.wait, 20)
    await job.step("next", lambda: None)


async def test_a_queued_job_is_cancelled_at_once(engine: Jobs) -> None:
    job = await engine.database.write(engine.submit, NewJob.by(ACTOR, "test.patient", "test"))

    cancelled = await cancel(context(engine), ACTOR, job.id)
    await engine.kick(job.id)

    assert cancelled.state == JobState.CANCELLED
    assert (await ended(engine, job.id)).started_at is None


async def test_a_running_job_is_cancelled_with_its_items(engine: Jobs) -> None:
    job = await submit(engine, "test.patient", items=[("M" * 22, "m"), ("N" * 22, "n")])
    await _past(engine, job.id, "before")

    asked = await cancel(context(engine), ACTOR, job.id)
    done = await ended(engine, job.id)

    assert (asked.state, asked.cancel_requested) == (JobState.RUNNING, True)
    assert done.state == JobState.CANCELLED
    items = await engine.database.read(job_items.page, job.id, job_items.ItemQuery())
    assert [item.state for _, item in items] == [JobState.CANCELLED, JobState.CANCELLED]
    kinds = [event.kind for event in await engine.database.read(events.page, ACCOUNT, events.EventQuery())]
    assert kinds == ["job.cancelled", "job.cancel_requested"]


async def test_a_handler_that_does_not_listen_is_stopped(engine: Jobs) -> None:
    job = await submit(engine, "test.deaf")
    await _past(engine, job.id, "before")

    await cancel(context(engine), ACTOR, job.id)

    assert (await ended(engine, job.id)).state == JobState.CANCELLED


async def test_no_step_follows_the_call_that_was_under_way(engine: Jobs) -> None:
    RELEASE.clear()
    job = await submit(engine, "test.busy")
    await _past(engine, job.id, "long call", JobState.RUNNING)

    await cancel(context(engine), ACTOR, job.id)
    RELEASE.set()

    done = await ended(engine, job.id)
    assert done.state == JobState.CANCELLED
    assert "next" not in [step.name for step in done.steps]


async def test_cancelling_again_changes_nothing_and_after_the_end_is_refused(engine: Jobs) -> None:
    job = await submit(engine, "test.patient")
    await cancel(context(engine), ACTOR, job.id)
    await cancel(context(engine), ACTOR, job.id)
    assert (await ended(engine, job.id)).state == JobState.CANCELLED

    assert (await cancel(context(engine), ACTOR, job.id)).state == JobState.CANCELLED
    failed = await submit(engine, "test.of_another_version")
    await ended(engine, failed.id)
    with pytest.raises(Conflict):
        await cancel(context(engine), ACTOR, failed.id)


async def test_only_operators_of_the_account_cancel(engine: Jobs) -> None:
    job = await submit(engine, "test.patient")

    with pytest.raises(Forbidden):
        await cancel(context(engine), VIEWER, job.id)
    with pytest.raises(NotFound):
        await cancel(context(engine), STRANGER, job.id)


async def _past(engine: Jobs, job_id: str, step: str, state: JobState = JobState.SUCCEEDED) -> None:
    async with asyncio.timeout(10):
        with engine.signals.watch(jobs.topic(job_id)) as watch:
            while True:
                job = await engine.database.read(jobs.get, ACCOUNT, job_id)
                assert job is not None
                if (step, state) in [(each.name, each.state) for each in job.steps]:
                    return
                await watch.wait(1)
