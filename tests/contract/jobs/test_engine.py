"""Jobs from the asking to the end, on both databases."""

from __future__ import annotations

import asyncio
import base64
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict, ProviderQuota
from mistserver.domain.job import JobState
from mistserver.jobs import recovery
from mistserver.jobs.engine import Jobs, NewJob, RunningJob, handler
from mistserver.store import jobs
from tests.contract.jobs.plain import ACTOR, ended, submit


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


@handler("test.fault")
async def fault(ctx: object, job: RunningJob) -> None:
    await job.step("trip", _trip, job.secret()["word"])


def _trip(word: str) -> None:
    raise KeyError(word)


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


async def test_what_a_job_worked_on_is_free_after_its_end(engine: Jobs) -> None:
    first = await submit(engine, "test.quota", dedup="machine:1")
    await ended(engine, first.id)

    second = await submit(engine, "test.add", dedup="machine:1", params={"a": 1, "b": 1})

    assert (await ended(engine, second.id)).state == JobState.SUCCEEDED


async def test_a_fault_of_ours_is_told_by_its_type_and_not_by_its_text(
    engine: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    job = await submit(engine, "test.fault", secret={"word": "hunter2"})

    done = await ended(engine, job.id)

    assert done.error is not None
    assert done.error["code"] == "internal"
    assert "KeyError" in done.error["message"]
    assert "hunter2" not in str(done) + caplog.text


async def test_a_kind_that_nobody_knows_fails(engine: Jobs) -> None:
    job = await submit(engine, "test.of_another_version")

    done = await ended(engine, job.id)

    assert done.state == JobState.FAILED
    assert done.error is not None
    assert "test.of_another_version" in done.error["message"]


async def test_nothing_is_left_of_a_job_whose_transaction_rolled_back(engine: Jobs) -> None:
    new = NewJob.by(ACTOR, "test.add", "test")

    with pytest.raises(ZeroDivisionError):
        await engine.database.write(_submit_and_fail, engine, new)

    assert await engine.database.read(jobs.load, new.id) is None
    assert new.id not in [entry.job_id for entry in engine.durable.pending()]
    assert not await engine.in_thread(engine.durable.known, [new.id])


def _submit_and_fail(connection: Connection, engine: Jobs, new: NewJob) -> None:
    engine.submit(connection, new)
    raise ZeroDivisionError


async def test_a_job_that_nobody_kicked_is_started_by_the_sweep(engine: Jobs) -> None:
    job = await engine.database.write(engine.submit, NewJob.by(ACTOR, "test.at_once", "test"))

    done = await ended(engine, job.id)

    assert done.state == JobState.SUCCEEDED


@handler("test.at_once", at_once=True)
async def at_once(ctx: object, job: RunningJob) -> None:
    await job.step("nothing", lambda: None)


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.path,)


async def test_a_pickled_row_is_never_executed(engine: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = base64.b64encode(pickle.dumps({"args": (Bomb(tmp_path / "exploded"),), "kwargs": {}})).decode()
    new = NewJob.by(ACTOR, "test.add", "test")
    await engine.database.write(_submit_pickled, engine, new, bomb)
    async with asyncio.timeout(20):
        while not await engine.in_thread(engine.durable.ended, [new.id]):
            await asyncio.sleep(0.05)
    monkeypatch.setattr(recovery, "LOST", timedelta(0))

    done = await ended(engine, new.id)

    assert done.state == JobState.FAILED
    assert not (tmp_path / "exploded").exists()


def _submit_pickled(connection: Connection, engine: Jobs, new: NewJob, pickled: str) -> None:
    engine.submit(connection, new)
    schema = "" if connection.dialect.name == "sqlite" else "dbos."
    status = f"UPDATE {schema}workflow_status SET serialization = 'py_pickle' WHERE workflow_uuid = :id"
    inputs = f"UPDATE {schema}workflow_input SET inputs = :inputs WHERE workflow_uuid = :id"
    assert connection.execute(sa.text(status), {"id": new.id}).rowcount == 1
    assert connection.execute(sa.text(inputs), {"id": new.id, "inputs": pickled}).rowcount == 1
