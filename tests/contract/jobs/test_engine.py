"""Jobs from the asking to the end, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mistserver.domain.errors import Conflict, ProviderQuota
from mistserver.domain.job import JobState
from mistserver.jobs.engine import Jobs, RunningJob, handler
from tests.contract.jobs.plain import ended, submit


@handler("test.add")
async def add(ctx: object, job: RunningJob) -> dict[str, Any]:
    first = await job.step("one", lambda: job.job.params["a"])
    second = await job.step("two", _later, job.job.params["b"])
    return {"sum": first + second, "secret": job.secret().get("word")}


async def _later(value: int) -> int:
    await asyncio.sleep(0)
    return value


@handler("test.quota")
async def quota(ctx: object, job: RunningJob) -> None:
    await job.step("create", _refuse)


def _refuse() -> None:
    raise ProviderQuota("The quota of cores is used up.", cores=8)


@handler("test.wait", at_once=True)
async def wait(ctx: object, job: RunningJob) -> None:
    await job.pause(60)


async def test_a_job_runs_to_its_end(engine: Jobs) -> None:
    job = await submit(engine, "test.add", params={"a": 2, "b": 3}, steps=("one", "two"), secret={"word": "xyzzy"})

    done = await ended(engine, job.id)

    assert done.state == JobState.SUCCEEDED
    assert done.result == {"sum": 5, "secret": "xyzzy"}
    assert [(step.name, step.state) for step in done.steps] == [("one", "succeeded"), ("two", "succeeded")]


async def test_an_error_of_ours_ends_the_job_with_its_record(engine: Jobs) -> None:
    job = await submit(engine, "test.quota", steps=("create", "wait"))

    done = await ended(engine, job.id)

    assert done.state == JobState.FAILED
    assert done.error == {
        "code": "provider_quota",
        "message": "The quota of cores is used up.",
        "details": {"cores": 8},
    }
    assert [step.state for step in done.steps] == ["failed", "cancelled"]


async def test_a_second_job_on_the_same_thing_is_refused_while_the_first_runs(engine: Jobs) -> None:
    first = await submit(engine, "test.wait", dedup="machine:1")

    with pytest.raises(Conflict) as refused:
        await submit(engine, "test.wait", dedup="machine:1")

    assert refused.value.facts["job_id"] == first.id
