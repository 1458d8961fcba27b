"""Changes wake those who wait for them, and no others."""

from __future__ import annotations

import asyncio

from mistserver.jobs.signals import Signals


def _signals() -> Signals:
    signals = Signals()
    signals.bind()
    return signals


async def test_a_change_between_two_waits_is_not_lost() -> None:
    signals = _signals()
    with signals.watch("job:1") as watch:
        signals.changed("job:1")
        await asyncio.sleep(0)

        assert await watch.wait(0.01)
        assert not await watch.wait(0.01)


async def test_a_change_of_something_else_wakes_nobody() -> None:
    signals = _signals()
    with signals.watch("job:1") as watch:
        signals.changed("job:2")

        assert not await watch.wait(0.01)


async def test_after_a_gap_everybody_looks() -> None:
    signals = _signals()
    with signals.watch("job:1") as one, signals.watch("events:a") as two:
        signals.changed(None)

        assert await one.wait(5)
        assert await two.wait(5)


async def test_a_change_in_another_thread_is_heard() -> None:
    signals = _signals()
    with signals.watch("job:1") as watch:
        await asyncio.get_running_loop().run_in_executor(None, signals.changed, "job:1")

        assert await watch.wait(5)


async def test_a_waiter_that_is_cancelled_while_it_is_woken_ends() -> None:
    signals = _signals()

    async def follow() -> None:
        with signals.watch("job:1") as watch:
            while True:
                await watch.wait(10)

    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    signals._wake("job:1")
    task.cancel()

    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


def test_who_cannot_be_told_of_other_services_looks_each_second() -> None:
    signals = Signals()
    signals.live = False

    assert signals.patience_s == 1.0
