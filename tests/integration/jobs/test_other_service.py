"""What one service does is seen by followers at another, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest

from mistserver.jobs.signals import Signals
from mistserver.services.context import Context
from mistserver.services.events import follow
from mistserver.services.jobs.stream import stream
from mistserver.store.listen import Listener
from tests.contract.jobs.plain import ACTOR
from tests.integration.jobs.conftest import Site


@pytest.fixture
async def elsewhere(postgres_site: Site) -> AsyncIterator[Context]:
    """A service of which only the followers are there. It would sleep for ten minutes if nobody told it."""
    signals = Signals()
    signals.bind()
    listener = Listener(postgres_site.database.url, signals.changed)
    listener.start()
    signals.__class__ = type("Sleepy", (Signals,), {"patience_s": 600.0})
    jobs = SimpleNamespace(signals=signals)
    yield cast(Context, SimpleNamespace(database=postgres_site.database, jobs=jobs))
    await asyncio.get_running_loop().run_in_executor(None, listener.stop)


async def test_a_job_is_followed_at_another_service(postgres_site: Site, elsewhere: Context) -> None:
    worker = postgres_site.worker("test.at_once", 1)
    job_id = worker.line()

    async with asyncio.timeout(20):
        told = [each async for each in stream(elsewhere, ACTOR, job_id)]

    assert [each.data.data for each in told if each.event == "output"] == ["hello\n"]
    assert told[-1].event == "end"


async def test_events_are_followed_at_another_service(postgres_site: Site, elsewhere: Context) -> None:
    follower = follow(elsewhere, ACTOR, after=0)
    first = asyncio.create_task(anext(follower))
    postgres_site.worker("test.at_once", 1)

    async with asyncio.timeout(20):
        assert (await first).kind == "job.succeeded"
    await follower.aclose()
