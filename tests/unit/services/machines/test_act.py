"""Actions on one machine: when they are refused, and that they wait for what they promise."""

from __future__ import annotations

import pytest

from mistserver.domain.account import Role, Scope
from mistserver.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSupported,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnreachable,
)
from mistserver.domain.job import Job, JobState
from mistserver.domain.key import HostKey
from mistserver.domain.machine import Action, Machine, MachineState
from mistserver.services.machines import act, pauses, tag
from mistserver.services.machines.act import ActOnMachine
from mistserver.store import associations, host_keys, inventory
from mistserver.store.host_keys import Remembered
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.lively_provider import POSSIBLE, Lively, LivelyCloud, Plain
from tests.support.small_service import NOW, Small

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0000000000000000000000000000000000000000 lab"


def add_machine(
    small: Small, cloud: LivelyCloud, state: MachineState = MachineState.RUNNING, provider: str = "lively"
) -> Machine:
    stored = small.add_backend(provider, secret={"token": GOOD_TOKEN}, settings={"account": "main"})
    reading = cloud.add("db", state=state, actions=POSSIBLE.get(state, ()), public_ips=("127.0.0.1",))
    return small.machine(small.write(inventory.put_reading, stored, reading, NOW))


async def told(small: Small, machine: Machine, action: Action, size: str | None = None) -> Job:
    job = await act.submit(small.ctx, small.actor, machine.id, ActOnMachine(action=action, size=size))
    return await small.ended(job.id)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        (Action.START, MachineState.STOPPED, MachineState.RUNNING),
        (Action.STOP, MachineState.RUNNING, MachineState.STOPPED),
        (Action.REBOOT, MachineState.RUNNING, MachineState.RUNNING),
    ],
)
async def test_an_action_ends_in_its_state(
    small: Small, cloud: LivelyCloud, action: Action, before: MachineState, after: MachineState
) -> None:
    machine = add_machine(small, cloud, before)

    ended = await told(small, machine, action)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert small.machine(machine.id).state == after
    assert f"{action} m-0" in cloud.asked
    assert small.events(f"machine.{action}.requested")[0].subject_id == machine.id


async def test_a_resize_needs_a_size_and_tells_it(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud, MachineState.STOPPED)

    with pytest.raises(InvalidInput, match="size"):
        await act.submit(small.ctx, small.actor, machine.id, ActOnMachine(action=Action.RESIZE))
    ended = await told(small, machine, Action.RESIZE, "0")

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert small.machine(machine.id).size == "0"
    assert cloud.asked[-1] == "finish_resize m-0 0"


async def test_a_resize_that_came_to_nothing_fails(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, external_id: str, size: str) -> None:
        raise ProviderRejected("The resize came to nothing: no room.")

    monkeypatch.setattr(Plain, "finish_resize", refuse)
    machine = add_machine(small, cloud, MachineState.STOPPED)

    ended = await told(small, machine, Action.RESIZE, "0")

    assert ended.state == JobState.FAILED
    assert ended.error is not None
    assert "came to nothing: no room" in ended.error["message"]


async def test_what_is_destroyed_leaves_nothing_behind(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud)
    key = small.add_key("lab", "private", PUBLIC, default=True)
    small.write(associations.put, [associations.Link(machine_id=machine.id, key_id=key.id)])
    owner = host_keys.machine_owner(machine.id)
    shown = HostKey(host="127.0.0.1", port=22, algorithm="x", public="x y", fingerprint="f", first_seen_at=NOW)
    small.write(host_keys.remember, Remembered(account_id=small.actor.account_id, owner=owner, key=shown))

    ended = await told(small, machine, Action.DESTROY)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert small.find_machine(machine.id) is None
    assert small.read(host_keys.of_owner, small.actor.account_id, owner) == []
    assert small.read(associations.of_machine, small.actor.account_id, machine.id) == []
    assert cloud.machines == {}
    assert small.events("machine.destroyed")[0].job_id == ended.id


async def test_destroying_what_is_gone_already_succeeds(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud)
    cloud.machines.clear()

    ended = await told(small, machine, Action.DESTROY)

    assert ended.state == JobState.SUCCEEDED, ended.error


async def test_a_state_that_forbids_it_is_named(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud, MachineState.STOPPED)

    with pytest.raises(Conflict, match=r"'db' is stopped, so it cannot be told to stop; possible now: start, destroy"):
        await act.submit(small.ctx, small.actor, machine.id, ActOnMachine(action=Action.STOP))


async def test_the_provider_is_asked_before_an_old_state_forbids_it(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud, MachineState.STOPPED)
    cloud.machines.clear()
    cloud.add("db", state=MachineState.RUNNING, actions=POSSIBLE[MachineState.RUNNING])

    ended = await told(small, machine, Action.STOP)

    assert ended.state == JobState.SUCCEEDED, ended.error


async def test_what_a_provider_never_can_is_refused(small: Small, cloud: LivelyCloud) -> None:
    machine = small.add_machine(small.add_backend("bare_metal", settings={"machine_ip": "127.0.0.1"}))

    with pytest.raises(NotSupported, match="Other Server cannot destroy machines"):
        await act.submit(small.ctx, small.actor, machine.id, ActOnMachine(action=Action.DESTROY))


async def test_a_provider_that_cannot_be_reached_fails_the_job(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(act, "_TRIES", 1)
    machine = add_machine(small, cloud)
    cloud.failure = ProviderUnreachable("The cloud is not there.")

    ended = await told(small, machine, Action.STOP)

    assert ended.error is not None
    assert ended.error["code"] == "provider_unreachable"


async def test_a_provider_that_says_not_yet_is_asked_until_it_does(
    small: Small, cloud: LivelyCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = add_machine(small, cloud)
    busy = [ProviderRateLimited("It is still busy.", retry_after_s=0.0) for _ in range(6)]

    def not_yet(self: Lively, external_id: str) -> None:
        if busy:
            raise busy.pop()
        self.lively.machines.pop(external_id)

    monkeypatch.setattr(Lively, "destroy", not_yet)
    monkeypatch.setattr(pauses, "LONGEST_TRY_PAUSE_S", 0.0)

    ended = await told(small, machine, Action.DESTROY)

    assert ended.state == JobState.SUCCEEDED, ended.error
    assert busy == []


@pytest.mark.parametrize(
    ("attempt", "asked_for_s", "pause_s"),
    [(0, None, 1.0), (3, None, 8.0), (9, None, 16.0), (0, 7.0, 7.0), (0, 900.0, 60.0)],
)
def test_the_pause_that_a_provider_asks_for_is_kept(attempt: int, asked_for_s: float | None, pause_s: float) -> None:
    error = ProviderRateLimited("Not yet.", retry_after_s=asked_for_s)
    assert pauses.before_another_try_s(error, attempt) == pause_s


async def test_only_who_may_and_only_ones_own(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud)
    stop = ActOnMachine(action=Action.STOP)

    with pytest.raises(Forbidden):
        await act.submit(small.ctx, small.as_role(Role.VIEWER, Scope.READ), machine.id, stop)
    with pytest.raises(NotFound):
        await act.submit(small.ctx, small.as_stranger(), machine.id, stop)
    with pytest.raises(NotFound):
        await act.submit(small.ctx, small.actor, "0", stop)


@pytest.mark.parametrize("provider", ["lively", "plain"])
async def test_tags_are_added_and_removed_natively_or_by_mist(small: Small, cloud: LivelyCloud, provider: str) -> None:
    machine = add_machine(small, cloud, provider=provider)

    tagged = await tag.add(small.ctx, small.actor, machine.id, "dev")
    again = await tag.add(small.ctx, small.actor, machine.id, " dev ")
    native = cloud.machines["m-0"].tags
    bare = await tag.remove(small.ctx, small.actor, machine.id, "dev")

    assert (tagged.tags, again.tags, bare.tags) == (("dev",), ("dev",), ())
    assert native == (("dev",) if provider == "lively" else ())
    assert [event.kind for event in small.events()] == ["machine.untagged", "machine.tagged"]
    with pytest.raises(NotFound, match="has no tag 'dev'"):
        await tag.remove(small.ctx, small.actor, machine.id, "dev")


async def test_a_tag_that_the_provider_refuses_is_not_kept(small: Small, cloud: LivelyCloud) -> None:
    machine = add_machine(small, cloud)
    cloud.failure = ProviderUnreachable("The cloud is not there.")

    with pytest.raises(ProviderUnreachable):
        await tag.add(small.ctx, small.actor, machine.id, "dev")

    assert small.machine(machine.id).tags == ()
    assert small.events() == []
