"""A create that was under way when the service stopped, taken up by the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mistserver.domain.errors import ProviderTimeout
from mistserver.domain.job import JobState
from mistserver.domain.machine import MachineReading, MachineSpec
from mistserver.services.machines import create, create_once
from tests.support import lively_provider
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.lively_provider import Plain, lively_cloud
from tests.support.small_service import small_service

MASTER = bytes(32)


@pytest.fixture(autouse=True)
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    lively_provider.register(monkeypatch)
    monkeypatch.setattr(create_once, "LOOKS_S", (0.05, 0.05))


def made_but_never_answered(provider: Plain, spec: MachineSpec, silent: threading.Event) -> MachineReading:
    provider.made(spec)
    silent.wait(20)
    raise ProviderTimeout("No answer.")


def never_made(provider: Plain, spec: MachineSpec, silent: threading.Event) -> MachineReading:
    silent.wait(20)
    raise ProviderTimeout("No answer.")


@pytest.mark.parametrize("interrupted", [made_but_never_answered, never_made])
async def test_there_is_one_machine_in_the_end(
    sqlite_url: str, interrupted: Callable[[Plain, MachineSpec, threading.Event], MachineReading]
) -> None:
    cloud, silent, asking = lively_cloud(), threading.Event(), threading.Event()

    def hang(provider: Plain, spec: MachineSpec) -> MachineReading:
        asking.set()
        return interrupted(provider, spec, silent)

    cloud.creates = [hang]
    async with small_service(sqlite_url, MASTER, drain_s=3.0) as first:
        settings = {"account": "main"}
        backend = first.add_backend("lively", secret={"token": GOOD_TOKEN}, settings=settings)
        request = create.CreateMachine(backend=backend.id, name="web", image="img-1")
        job = await create.submit(first.ctx, first.actor, request)
        with first.ctx.jobs.signals.watch("none") as watch:
            while not asking.is_set():
                await watch.wait(0.05)
    async with small_service(sqlite_url, MASTER) as second:
        taken_up = type(second)(second.ctx, first.actor)
        ended = await taken_up.ended(job.id)
        machine = taken_up.machine(str(job.subject_id))
    silent.set()

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert cloud.created == 1
    assert list(cloud.machines) == [machine.external_id]
