"""The last good answer is kept with its age, shown when there is no newer one, and bounded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mistserver.domain.errors import Internal, ProviderUnreachable
from mistserver.services import answers as module
from mistserver.services.answers import SPARED_S, Answer, Answers, Live

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Cloud:
    """Answers how often it was asked, or raises `failure`; a clock that tests turn."""

    def __init__(self, fresh_s: float = 300.0) -> None:
        self.now_s = 0.0
        self.asked = 0
        self.failure: Exception | None = None
        self.held: asyncio.Event | None = None
        self.size = 1
        self.answers = Answers(fresh_s, clock=lambda: self.now_s)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.now_s)

    async def live(self) -> Live:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if self.failure is not None:
            raise self.failure
        return Live(self.asked, self.now, self.size)

    async def get(self, owner: str = "a", noun: str = "sizes", refresh: bool = False) -> Answer:
        return await self.answers.get((owner, "access", noun), self.live, self.now, refresh)

    async def value(self, *which: str, **more: Any) -> Any:
        return (await self.get(*which, **more)).value


async def test_an_answer_is_kept_for_its_time_and_forgotten_by_owner() -> None:
    cloud = Cloud()

    assert [await cloud.value("a"), await cloud.value("a"), await cloud.value("b")] == [1, 1, 2]
    cloud.answers.forget("a")
    assert [await cloud.value("a"), await cloud.value("b")] == [3, 2]
    cloud.now_s = 299.0
    assert (await cloud.get("b")).read_at == NOW
    cloud.now_s = 300.0
    assert await cloud.get("b") == Answer(4, cloud.now)


async def test_a_refresh_asks_even_when_the_answer_is_fresh() -> None:
    cloud = Cloud()
    await cloud.get()

    assert await cloud.value(refresh=True) == 2
    assert await cloud.value() == 2


async def test_the_last_good_answer_is_shown_with_the_failure_and_the_provider_is_spared_for_a_moment() -> None:
    cloud = Cloud()
    await cloud.get()
    cloud.now_s, cloud.failure = 1000.0, ProviderUnreachable("It is gone.")
    first = await cloud.get()
    cloud.now_s += SPARED_S - 1
    spared, asked = await cloud.get(), cloud.asked
    cloud.now_s += 1
    again = await cloud.get()
    cloud.failure = None
    well = await cloud.get(refresh=True)

    for answer in (first, spared, again):
        assert (answer.value, answer.read_at) == (1, NOW)
        assert answer.trouble is not None
        assert (answer.trouble.code, answer.trouble.message) == ("provider_unreachable", "It is gone.")
    assert (asked, cloud.asked) == (2, 4)
    assert (well.trouble, (await cloud.get()).trouble) == (None, None)


async def test_without_a_kept_answer_and_for_a_fault_of_ours_the_error_is_raised() -> None:
    cloud = Cloud()
    cloud.failure = ProviderUnreachable("It is gone.")
    with pytest.raises(ProviderUnreachable):
        await cloud.get()
    cloud.failure = None
    await cloud.get()
    cloud.failure = Internal("A fault.")

    with pytest.raises(Internal):
        await cloud.get(refresh=True)


async def test_callers_with_one_question_wait_for_one_answer_and_none_of_them_ends_it() -> None:
    cloud = Cloud()
    cloud.held = asyncio.Event()
    first, second = asyncio.ensure_future(cloud.get()), asyncio.ensure_future(cloud.get(refresh=True))
    await asyncio.wait([first], timeout=0)
    first.cancel()
    await asyncio.wait([first])
    cloud.held.set()

    assert (await second).value == 1
    assert await cloud.value() == 1


async def test_what_is_under_way_when_its_owner_is_forgotten_is_not_kept() -> None:
    cloud = Cloud()
    cloud.held = asyncio.Event()
    under_way = asyncio.ensure_future(cloud.get())
    await asyncio.wait([under_way], timeout=0)
    cloud.answers.forget("a")
    cloud.held.set()
    await under_way

    assert cloud.answers.kept(("a", "access", "sizes")) is None


async def test_memory_is_bounded_by_bytes_and_by_number_and_the_newest_always_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    monkeypatch.setattr(module, "MOST_ANSWERS", 3)
    cloud = Cloud()
    for owner in "abcd":
        await cloud.get(owner)
    by_number = [owner for owner in "abcd" if cloud.answers.kept((owner, "access", "sizes"))]
    cloud.size = 5000
    await cloud.get("e")

    assert by_number == ["b", "c", "d"]
    assert [owner for owner in "abcde" if cloud.answers.kept((owner, "access", "sizes"))] == ["e"]
