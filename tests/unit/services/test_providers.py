"""Calls to providers: every failure is one of ours, and one backend cannot use up what all share."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any

import pytest

from mistserver.domain.errors import (
    Internal,
    MistError,
    ProviderBadAnswer,
    ProviderQuota,
    ProviderTimeout,
    ProviderUnreachable,
    Unavailable,
)
from mistserver.providers.base import Provider
from mistserver.services.backends.add import AddBackend, add
from mistserver.services.flights import Flights
from mistserver.services.machines import inventory
from mistserver.services.providers import THREADS_PER_BACKEND, Providers
from mistserver.store import backends
from mistserver.store.backends import StoredBackend
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.quiet_service import Quiet


@pytest.fixture
async def stored(quiet: Quiet) -> StoredBackend:
    made = await add(quiet.ctx, quiet.admin, AddBackend(provider="dummy", settings={"token": GOOD_TOKEN}))
    found: StoredBackend = quiet.read(backends.get, quiet.admin.account_id, made.id)
    await inventory.start(quiet.ctx, found)
    return found


def raising(error: BaseException) -> Any:
    def work(provider: Provider) -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (TimeoutError(GOOD_TOKEN), ProviderTimeout),
        (socket.gaierror(GOOD_TOKEN), ProviderUnreachable),
        (ConnectionResetError(GOOD_TOKEN), ProviderUnreachable),
        (json.JSONDecodeError(GOOD_TOKEN, "<html>", 0), ProviderBadAnswer),
        (KeyError(GOOD_TOKEN), ProviderBadAnswer),
        (RecursionError(GOOD_TOKEN), ProviderBadAnswer),
        (MemoryError(GOOD_TOKEN), Internal),
        (SystemExit(GOOD_TOKEN), Internal),
        (StopIteration(GOOD_TOKEN), ProviderBadAnswer),
        (ProviderQuota(f"No more for {GOOD_TOKEN}.", token=GOOD_TOKEN), ProviderQuota),
    ],
)
async def test_every_failure_is_ours_and_without_secrets(
    quiet: Quiet, stored: StoredBackend, raised: BaseException, error: type[MistError], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(error) as caught:
        await quiet.ctx.providers.call(quiet.ctx, stored, raising(raised))

    assert GOOD_TOKEN not in f"{caught.value} {caught.value.message} {caught.value.facts} {caplog.text}"


async def test_a_provider_is_closed_whatever_happens(
    quiet: Quiet, stored: StoredBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(Provider, "close", lambda self: closed.append(self.id))

    await quiet.ctx.providers.call(quiet.ctx, stored, lambda provider: None)
    with pytest.raises(ProviderBadAnswer):
        await quiet.ctx.providers.call(quiet.ctx, stored, raising(ValueError()))

    assert closed == ["dummy", "dummy"]


async def test_a_provider_is_opened_with_settings_and_endpoint(quiet: Quiet, stored: StoredBackend) -> None:
    quiet.ctx.settings.provider_endpoint["dummy"] = "http://private.example"

    account = await quiet.ctx.providers.call(quiet.ctx, stored, lambda provider: provider.account)

    assert account.settings.token == GOOD_TOKEN
    assert account.endpoint == "http://private.example"
    assert GOOD_TOKEN not in repr(account)


async def test_one_backend_holds_at_most_a_few_threads_and_frees_them_when_they_end(
    quiet: Quiet, stored: StoredBackend
) -> None:
    held, running = threading.Event(), threading.Semaphore(0)

    def hang(provider: Provider) -> None:
        running.release()
        held.wait(30)

    calls = [quiet.ctx.providers.call(quiet.ctx, stored, hang, 0.1) for _ in range(10)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    began = len([() for _ in range(20) if running.acquire(blocking=False)])
    held.set()
    name = await quiet.ctx.providers.call(quiet.ctx, stored, lambda provider: provider.id)

    assert [type(answer) for answer in answers] == [ProviderTimeout] * 10
    assert began == THREADS_PER_BACKEND
    assert name == "dummy"


async def test_calls_within_their_deadlines_are_waited_for_beyond_ones_own(quiet: Quiet, stored: StoredBackend) -> None:
    held, started = threading.Event(), [threading.Event() for _ in range(THREADS_PER_BACKEND)]

    def work(begun: threading.Event) -> Any:
        def hold(provider: Provider) -> None:
            begun.set()
            held.wait(30)

        return hold

    long = [asyncio.ensure_future(quiet.ctx.providers.call(quiet.ctx, stored, work(one), 30)) for one in started]
    for one in started:
        assert await asyncio.to_thread(one.wait, 5)
    short = asyncio.ensure_future(quiet.ctx.providers.call(quiet.ctx, stored, lambda provider: provider.id, 0.5))
    done, _ = await asyncio.wait([short], timeout=0.7)
    held.set()

    assert not done
    assert await short == "dummy"
    await asyncio.gather(*long)


async def test_a_service_without_a_free_thread_says_so_and_does_not_blame_the_backend(
    quiet: Quiet, stored: StoredBackend
) -> None:
    object.__setattr__(quiet.ctx.settings, "provider_threads", 0)
    providers = Providers(quiet.ctx.settings)

    with pytest.raises(Unavailable):
        await providers.call(quiet.ctx, stored, lambda provider: None, 0.05)


async def test_a_caller_that_gives_up_leaves_no_place_taken(quiet: Quiet, stored: StoredBackend) -> None:
    held, reached = threading.Event(), threading.Event()

    def hang(provider: Provider) -> None:
        reached.set()
        held.wait(30)

    waiting = asyncio.ensure_future(quiet.ctx.providers.call(quiet.ctx, stored, hang))
    assert await asyncio.to_thread(reached.wait, 5)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    held.set()

    for _ in range(THREADS_PER_BACKEND + 1):
        await quiet.ctx.providers.call(quiet.ctx, stored, lambda provider: None)


async def test_a_flight_is_shared_and_goes_on_without_its_callers() -> None:
    flights, landed, begun = Flights(), asyncio.Event(), []

    async def fly() -> None:
        begun.append(1)
        await landed.wait()

    first, second = flights.join("x", fly), flights.join("x", fly)
    await asyncio.wait([first], timeout=0)
    landed.set()
    await second
    await flights.join("x", fly)
    await flights.close()

    assert first is second
    assert len(begun) == 2
