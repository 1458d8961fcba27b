"""Creates: what is refused at once, and that there is never one machine too many or too few."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.account import Role, Scope
from mistserver.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    ProviderNotAvailable,
    ProviderQuota,
    ProviderRateLimited,
    ProviderTimeout,
)
from mistserver.domain.job import JobState
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers import registry
from mistserver.services.machines import create, create_once
from mistserver.services.machines.create import CreateMachine
from mistserver.store import associations
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.lively_provider import LivelyCloud, Plain
from tests.support.small_service import Small

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0000000000000000000000000000000000000000 lab"


def add_backend(small: Small, provider: str = "lively", **changed: Any) -> str:
    return small.add_backend(provider, secret={"token": GOOD_TOKEN}, settings={"account": "main"}, **changed).id


def wanted(backend: str, **changed: Any) -> CreateMachine:
    values: dict[str, Any] = {"backend": backend, "name": "web", "image": "img-1"}
    return CreateMachine(**values | changed)


async def test_a_machine_is_shown_at_once_and_runs_in_the_end(small: Small, cloud: LivelyCloud) -> None:
    cloud.settles_after = 3
    backend = add_backend(small)

    job = await create.submit(small.ctx, small.actor, wanted(backend, size=0, location="0", tags=["dev"]))
    pending = small.machine(str(job.subject_id))
    ended = await small.ended(job.id)

    made = small.machine(pending.id)
    assert (pending.state, pending.external_id, pending.size) == (MachineState.PENDING, "", "0")
    assert ended.state == JobState.SUCCEEDED, ended.error
    assert [step.name for step in ended.steps] == ["validate", "create", "wait until running", "tag"]
    assert (made.state, made.external_id, made.tags) == (MachineState.RUNNING, "m-0", ("dev",))
    assert ended.result == {
        "machine_id": made.id,
        "machine_ids": [made.id],
        "machines": [{"id": made.id, "name": "web", "external_id": "m-0"}],
    }
    assert cloud.created == 1
    assert [event.kind for event in small.events()][::-1] == [
        "machine.create.requested",
        "machine.created",
        "job.succeeded",
    ]


async def test_several_machines_are_numbered_and_one_job(small: Small, cloud: LivelyCloud) -> None:
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small), quantity=3))
    ended = await small.ended(job.id)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert sorted(reading.name for reading in cloud.machines.values()) == ["web-1", "web-2", "web-3"]
    assert {item.state for item in small.items(job.id).values()} == {JobState.SUCCEEDED}
    assert (ended.total, ended.done, ended.failed) == (3, 3, 0)


async def test_some_of_several_may_fail_by_name(small: Small, cloud: LivelyCloud) -> None:
    def refuse(provider: Plain, spec: MachineSpec) -> MachineReading:
        raise ProviderQuota("There is no room for it.")

    cloud.creates = [refuse]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small), quantity=2))
    ended = await small.ended(job.id)

    assert ended.state == JobState.FAILED
    assert ended.result is not None
    assert len(ended.result["machine_ids"]) == 1
    states = sorted(item.state for item in small.items(job.id).values())
    assert states == [JobState.FAILED, JobState.SUCCEEDED]


async def test_a_create_whose_answer_is_lost_is_found_by_its_mark(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(provider: Plain, spec: MachineSpec) -> MachineReading:
        provider.made(spec)
        raise ProviderTimeout("No answer.")

    monkeypatch.setattr(create_once, "LOOKS_S", (0.01,))
    cloud.creates = [lose]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small)))
    ended = await small.ended(job.id)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert cloud.created == 1
    assert small.machine(str(job.subject_id)).external_id == "m-0"


async def test_a_create_that_was_lost_halfway_is_brought_to_its_end(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = []

    def lose(provider: Plain, spec: MachineSpec) -> MachineReading:
        provider.made(spec)
        raise ProviderTimeout("No answer.")

    def finish(provider: Plain, spec: MachineSpec, found: MachineReading) -> MachineReading:
        finished.append((spec.user_data, found.external_id))
        return found

    monkeypatch.setattr(create_once, "LOOKS_S", (0.01,))
    monkeypatch.setattr(Plain, "finish", finish)
    cloud.creates = [lose]
    request = wanted(add_backend(small), user_data="#cloud-config")
    ended = await small.ended((await create.submit(small.ctx, small.actor, request)).id)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert finished == [("#cloud-config", "m-0")]


async def test_a_create_that_left_no_trace_is_not_repeated(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(provider: Plain, spec: MachineSpec) -> MachineReading:
        raise ProviderTimeout("No answer.")

    monkeypatch.setattr(create_once, "LOOKS_S", (0.01, 0.01))
    cloud.creates = [vanish]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small)))
    ended = await small.ended(job.id)

    assert ended.error is not None
    assert ended.error["code"] == "provider_timeout"
    assert f"No machine with the mark {job.id}-0 appeared" in ended.error["message"]
    assert cloud.asked.count("create web") == 1
    assert small.machine(str(job.subject_id)).state == MachineState.PENDING, "it may appear yet"


async def test_a_provider_that_is_busy_is_asked_again(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(provider: Plain, spec: MachineSpec) -> MachineReading:
        raise ProviderRateLimited("Slow down.")

    cloud.creates = [busy]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small)))
    ended = await small.ended(job.id)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert cloud.created == 1


async def test_a_refused_create_leaves_no_machine_in_the_lists(small: Small, cloud: LivelyCloud) -> None:
    def refuse(provider: Plain, spec: MachineSpec) -> MachineReading:
        raise ProviderQuota("There is no room for it.")

    cloud.creates = [refuse]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small)))
    ended = await small.ended(job.id)

    assert ended.error is not None
    assert ended.error["code"] == "provider_quota"
    assert ended.error["message"] == "There is no room for it."
    assert small.find_machine(str(job.subject_id)) is None


async def test_a_machine_that_fails_later_is_kept_and_named(small: Small, cloud: LivelyCloud) -> None:
    def broken(provider: Plain, spec: MachineSpec) -> MachineReading:
        return provider.made(spec, state=MachineState.ERROR, extra={"reason": "No valid host was found."})

    cloud.creates = [broken]
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small)))
    ended = await small.ended(job.id)

    assert ended.error is not None
    assert "wait until running" in ended.error["message"]
    assert "instead of running: No valid host was found." in ended.error["message"]
    assert "exists at" in ended.error["message"]
    assert ended.error["details"]["external_id"] == "m-0"
    assert small.machine(str(job.subject_id)).state == MachineState.ERROR
    assert "m-0" in cloud.machines


async def test_a_machine_that_never_runs_meets_the_deadline(small: Small, cloud: LivelyCloud) -> None:
    cloud.settles_after = 1_000_000
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small), wait_timeout_s=0.5))
    ended = await small.ended(job.id)

    assert ended.error is not None
    assert ended.error["code"] == "provider_timeout"
    assert ended.error["message"].startswith("wait until running: It did not run in time (it is pending).")


async def test_a_script_runs_when_the_machine_answers(small: Small, cloud: LivelyCloud) -> None:
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small), script="echo from the script"))
    ended = await small.ended(job.id)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert [step.name for step in ended.steps][-2:] == ["wait for SSH", "run script"]
    assert small.items(job.id)["web"].stdout == "from the script\n"


async def test_a_script_that_fails_says_so(small: Small, cloud: LivelyCloud) -> None:
    job = await create.submit(small.ctx, small.actor, wanted(add_backend(small), script="echo bad >&2; exit 7"))
    ended = await small.ended(job.id)

    assert ended.error is not None
    assert "run script: The script ended with the exit code 7. web exists" in ended.error["message"]
    assert small.items(job.id)["web"].exit_code == 7


async def test_the_default_key_is_taken_and_associated(small: Small, cloud: LivelyCloud) -> None:
    key = small.add_key("lab", "private", PUBLIC, default=True)
    backend = add_backend(small, "plain")

    job = await create.submit(small.ctx, small.actor, wanted(backend, tags=["dev"]))
    machine_id = str(job.subject_id)
    tags_at_once = small.machine(machine_id).tags
    await small.ended(job.id)

    links = small.read(associations.of_machine, small.actor.account_id, machine_id)
    assert [link.key_id for link in links] == [key.id]
    assert tags_at_once == ("dev",)
    assert small.machine(machine_id).tags == ("dev",)


async def test_secrets_of_the_request_are_not_in_the_job(small: Small, cloud: LivelyCloud) -> None:
    request = wanted(add_backend(small), script="echo canary-1", user_data="canary-2", extra={"password": "canary-3"})

    job = await create.submit(small.ctx, small.actor, request)
    await small.ended(job.id)

    assert "canary" not in repr(small.job(job.id).params)
    assert "canary" not in repr([event.details for event in small.events()])


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"backend": "nowhere"}, NotFound, "no backend called 'nowhere'"),
        ({"name": " "}, InvalidInput, "not empty"),
        ({"name": "a\x1b[31m"}, InvalidInput, "control"),
        ({"image": ""}, InvalidInput, "Name the image"),
        ({"quantity": 0}, InvalidInput, "quantity"),
        ({"quantity": 101}, InvalidInput, "quantity"),
        ({"wait_timeout_s": 0}, InvalidInput, "wait_timeout_s"),
        ({"script": " "}, InvalidInput, "script"),
        ({"tags": ["a,b"]}, InvalidInput, "comma"),
        ({"key": "missing"}, NotFound, "no key called 'missing'"),
    ],
)
async def test_what_cannot_be_meant_is_refused_at_once(
    small: Small, cloud: LivelyCloud, changed: dict[str, Any], error: type[Exception], words: str
) -> None:
    backend = add_backend(small)

    with pytest.raises(error, match=words):
        await create.submit(small.ctx, small.actor, wanted(changed.pop("backend", backend), **changed))

    assert small.events() == []
    assert cloud.asked == []


async def test_a_create_without_any_key_says_what_to_do(small: Small, cloud: LivelyCloud) -> None:
    with pytest.raises(InvalidInput, match="mist add-key"):
        await create.submit(small.ctx, small.actor, wanted(add_backend(small, "plain")))


async def test_a_disabled_backend_creates_nothing(small: Small, cloud: LivelyCloud) -> None:
    with pytest.raises(Conflict, match="disabled"):
        await create.submit(small.ctx, small.actor, wanted(add_backend(small, enabled=False)))


async def test_a_provider_whose_library_is_missing_says_so(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_installed", lambda module: False)

    with pytest.raises(ProviderNotAvailable, match=r"mist\[libcloud\]"):
        await create.submit(small.ctx, small.actor, wanted(small.add_backend("azure").id))


async def test_a_viewer_and_a_stranger_create_nothing(small: Small, cloud: LivelyCloud) -> None:
    backend = add_backend(small)

    with pytest.raises(Forbidden):
        await create.submit(small.ctx, small.as_role(Role.VIEWER, Scope.READ), wanted(backend))
    with pytest.raises(NotFound):
        await create.submit(small.ctx, small.as_stranger(), wanted(backend))
