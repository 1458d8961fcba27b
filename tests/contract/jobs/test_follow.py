"""Following a job and the events, from the beginning and from where one was."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import Connection

from mistserver.domain.errors import NotFound
from mistserver.domain.job import JobItem, JobState
from mistserver.jobs.engine import Jobs, RunningJob, handler
from mistserver.services import events as event_services
from mistserver.services.jobs import get as get_one
from mistserver.services.jobs import items as item_pages
from mistserver.services.jobs import list as job_pages
from mistserver.services.jobs.stream import PIECES, Told, stream
from mistserver.store import events
from mistserver.store.database import Database
from tests.contract.jobs.conftest import add_account
from tests.contract.jobs.plain import ACCOUNT, ACTOR, STRANGER, context, ended, submit

MACHINES = [("M" * 22, "m"), ("N" * 22, "n")]


@handler("test.talk", at_once=True)
async def talk(ctx: object, job: RunningJob) -> None:
    lines = job.job.params["lines"]
    for turn, (machine_id, name) in enumerate(MACHINES):
        await job.item(JobItem(job_id=job.id, machine_id=machine_id, machine_name=name, state=JobState.RUNNING))
        for number in range(lines):
            stream = "stdout" if number % 2 else "stderr"
            await job.output(machine_id, name, stream, f"{name}{number}\0\n")
        ended = JobItem(
            job_id=job.id,
            machine_id=machine_id,
            machine_name=name,
            state=JobState.SUCCEEDED,
            exit_code=0,
            stdout_bytes=lines,
        )
        await job.item(ended)
        await job.progress(turn + 1, 0)


async def _all(engine: Jobs, job_id: str, after: int = 0) -> list[Told]:
    async with asyncio.timeout(20):
        return [told async for told in stream(context(engine), ACTOR, job_id, after)]


async def test_a_stream_tells_everything_in_order_and_ends(engine: Jobs) -> None:
    job = await submit(engine, "test.talk", params={"lines": PIECES + 50}, items=MACHINES)

    told = await _all(engine, job.id)

    spoken = "".join(each.data.data for each in told if each.event == "output")
    assert spoken == "".join(f"{name}{number}\ufffd\n" for _, name in MACHINES for number in range(PIECES + 50))
    assert {each.data.machine_name for each in told if each.event == "output"} == {"m", "n"}
    assert [each.event for each in told].count("end") == 1
    assert told[-1].event == "end"
    assert (told[-1].data.state, told[-1].data.done) == (JobState.SUCCEEDED, 2)
    for machine_id, _ in MACHINES:
        mine = [each for each in told if getattr(each.data, "machine_id", "") == machine_id]
        assert mine[-1].event == "item"
        assert mine[-1].data.state == JobState.SUCCEEDED


async def test_a_stream_is_taken_up_behind_a_seq(engine: Jobs) -> None:
    job = await submit(engine, "test.talk", params={"lines": 6}, items=MACHINES)
    await ended(engine, job.id)
    whole = [each for each in await _all(engine, job.id) if each.event == "output"]

    rest = [each for each in await _all(engine, job.id, after=whole[2].seq or 0) if each.event == "output"]

    assert rest == whole[3:]


async def test_items_come_in_pages_with_their_outputs(engine: Jobs) -> None:
    job = await submit(engine, "test.talk", params={"lines": 2}, items=MACHINES)
    await ended(engine, job.id)

    first = await item_pages.page(context(engine), ACTOR, job.id, item_pages.ItemQuery(limit=1))
    second = await item_pages.page(
        context(engine), ACTOR, job.id, item_pages.ItemQuery(limit=1, cursor=first.next_cursor)
    )

    assert [(item.machine_name, item.stdout, item.stderr) for item in [*first.items, *second.items]] == [
        ("m", "m1\ufffd\n", "m0\ufffd\n"),
        ("n", "n1\ufffd\n", "n0\ufffd\n"),
    ]
    assert second.next_cursor is None


async def test_a_page_of_items_is_cut_where_machines_said_too_much(
    engine: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_pages, "PAGE_CHARACTERS", 10)
    job = await submit(engine, "test.talk", params={"lines": 10}, items=MACHINES)
    await ended(engine, job.id)

    first = await item_pages.page(context(engine), ACTOR, job.id, item_pages.ItemQuery())

    assert len(first.items) == 1
    assert first.next_cursor


async def test_jobs_are_listed_newest_first_in_pages(engine: Jobs) -> None:
    asked = [(await submit(engine, "test.talk", params={"lines": 0})).id for _ in range(3)]

    first = await job_pages.page(context(engine), ACTOR, job_pages.JobQuery(limit=2))
    rest = await job_pages.page(context(engine), ACTOR, job_pages.JobQuery(limit=2, cursor=first.next_cursor))

    assert [job.id for job in [*first.items, *rest.items]] == asked[::-1]
    for job_id in asked:
        assert (await get_one.wait(context(engine), ACTOR, job_id, 10)).state == JobState.SUCCEEDED


async def test_a_job_of_another_account_does_not_exist(engine: Jobs) -> None:
    await engine.database.write(add_account, "B" * 22)
    job = await submit(engine, "test.talk", params={"lines": 0})

    with pytest.raises(NotFound):
        await get_one.get(context(engine), STRANGER, job.id)
    with pytest.raises(NotFound):
        await anext(stream(context(engine), STRANGER, job.id))


async def test_events_are_followed_as_they_happen(engine: Jobs) -> None:
    follower = event_services.follow(context(engine), ACTOR, after=0)
    job = await submit(engine, "test.talk", params={"lines": 0}, subject=("machine", "M" * 22, "m"))

    async with asyncio.timeout(10):
        event = await anext(follower)

    assert (event.kind, event.job_id, event.subject_name, event.actor) == ("job.succeeded", job.id, "m", ACTOR.email)
    await follower.aclose()


def _record(connection: Connection, kind: str) -> int:
    return events.record(connection, ACTOR, kind, at=datetime.now(UTC))


def test_an_event_with_a_higher_seq_is_never_visible_first(database: Database) -> None:
    database.write_now(add_account)
    recorded, may_commit = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        seq = _record(connection, "job.succeeded")
        recorded.set()
        may_commit.wait(10)
        return seq

    first = threading.Thread(target=database.write_now, args=(slow,))
    second = threading.Thread(target=database.write_now, args=(_record, "job.failed"))
    first.start()
    recorded.wait(10)
    second.start()
    second.join(0.3)  # long enough to commit, if it could
    between = database.read_now(events.page, ACCOUNT, events.EventQuery(after=0))
    may_commit.set()
    first.join(10)
    second.join(10)

    found = database.read_now(events.page, ACCOUNT, events.EventQuery(after=0))
    assert between == []
    assert [event.kind for event in found] == ["job.succeeded", "job.failed"]
