"""Points as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace as changed

from mistserver.domain.account import Scope
from mistserver.domain.errors import Conflict, NotFound
from mistserver.jobs.engine import Jobs
from mistserver.services.context import Context
from mistserver.services.monitoring import live
from mistserver.services.monitoring.live import Points
from mistserver.store import monitoring
from tests.support.watching import START, Watch

SECOND = int(START.timestamp())


@pytest.fixture
def ctx(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Context:
    """With a service that goes on until its `closing` is set."""
    monkeypatch.setattr(live, "LOOK_S", 0.001)
    jobs = SimpleNamespace(signals=SimpleNamespace(closing=False))
    return replace(watch.ctx, jobs=cast(Jobs, jobs))


async def following(ctx: Context, watch: Watch, *metrics: str) -> AsyncIterator[Points]:
    return await live.follow(ctx, watch.small.actor, watch.machines["db"], metrics)


async def test_each_point_comes_once_and_only_from_now_on(watch: Watch, ctx: Context) -> None:
    watch.machine("db")
    watch.ctx.clock.forward(-60)
    await watch.send("db", 1.0)
    watch.ctx.clock.forward(60)
    points = await following(ctx, watch, "load.shortterm")
    told = []
    for value in (2.0, 3.0):
        watch.ctx.clock.forward(10)
        await watch.send("db", value)
        told.append(await anext(points))

    assert told == [
        {"load.shortterm": [[2.0, SECOND]]},
        {"load.shortterm": [[3.0, SECOND + 10]]},
    ]


async def test_it_ends_with_the_monitoring_of_the_machine(watch: Watch, ctx: Context) -> None:
    machine = watch.machine("db")
    points = await following(ctx, watch)
    watch.ctx.clock.forward(10)
    await watch.send("db", 2.0)
    assert list(await anext(points)) == ["load.shortterm"]

    watch.small.write(monitoring.remove, machine)
    watch.ctx.clock.forward(10)
    await watch.send("db", 3.0)

    assert [each async for each in points] == []


async def test_it_ends_with_the_service(watch: Watch, ctx: Context) -> None:
    watch.machine("db")
    points = await following(ctx, watch)
    waiting = asyncio.ensure_future(anext(points, None))
    await asyncio.sleep(0)

    cast(SimpleNamespace, ctx.jobs).signals.closing = True

    assert await waiting is None


async def test_who_follows_has_to_be_allowed_to(watch: Watch, ctx: Context) -> None:
    machine = watch.machine("db")
    viewer = changed(watch.small.actor, scope=Scope.READ)
    await live.follow(ctx, viewer, machine, ())
    with pytest.raises(NotFound):
        await live.follow(ctx, watch.small.as_stranger(), machine, ())
    watch.small.write(monitoring.remove, machine)
    with pytest.raises(Conflict, match="not monitored"):
        await live.follow(ctx, viewer, machine, ())
