"""A guest of a hypervisor behind SSH, managed through the services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mistserver.domain.account import Role, Scope
from mistserver.domain.job import Job, JobState
from mistserver.domain.machine import Action, MachineState
from mistserver.services.backends import add
from mistserver.services.machines import act, create, run
from mistserver.services.machines import list as listing
from tests.lab.libvirt import LibvirtHost
from tests.lab.sshd import KeyPair, Sshd
from tests.support.small_service import Small, small_service

pytestmark = pytest.mark.full


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Small]:
    async with small_service(sqlite_url) as running:
        yield running


async def test_a_guest_lives_its_whole_life_through_the_service(
    small: Small, libvirt_hypervisor: LibvirtHost, libvirt_door: Sshd, lab_key: KeyPair
) -> None:
    small.add_key("lab", lab_key.private, lab_key.public, default=True)
    settings = {
        "machine_hostname": libvirt_door.host,
        "ssh_port": libvirt_door.port,
        "machine_key": "lab",
        "socket": str(libvirt_hypervisor.socket),
    }
    admin = small.as_role(Role.ADMIN, Scope.ADMIN)
    backend = await add.add(small.ctx, admin, add.AddBackend(provider="libvirt", settings=settings))
    assert backend.name == "KVM (via libvirt)"

    wanted = create.CreateMachine(
        backend=backend.id,
        name="web-1",
        image=str(libvirt_hypervisor.kernel),
        size="1-256",
        wait="ssh",
        extra={"initrd": str(libvirt_hypervisor.initrd), "cmdline": "console=ttyS0 quiet"},
    )
    created = await _succeeded(small, await create.submit(small.ctx, small.actor, wanted))
    assert created.result is not None
    id = created.result["machine_id"]
    assert small.machine(id).private_ips[0].startswith(libvirt_hypervisor.subnet)

    ran = await _succeeded(
        small, await run.submit(small.ctx, small.actor, run.RunCommand(command="hostname", machines=[id]))
    )
    assert small.items(ran.id)["web-1"].stdout == "web-1\n"

    await _act(small, id, Action.STOP)
    await _act(small, id, Action.START)
    await _act(small, id, Action.STOP)  # while it boots, so that the first press of its button is lost
    assert small.machine(id).state is MachineState.STOPPED
    await _act(small, id, Action.DESTROY)

    query = listing.MachineQuery(refresh=True)
    (hypervisor,) = (await listing.page(small.ctx, small.actor, query)).items
    assert hypervisor.extra["hypervisor"] is True
    assert list(libvirt_hypervisor.images.glob("mist-*")) == []
    ran = await _succeeded(
        small, await run.submit(small.ctx, small.actor, run.RunCommand(command="echo here", machines=[hypervisor.id]))
    )
    assert next(iter(small.items(ran.id).values())).stdout == "here\n"


async def _act(small: Small, id: str, action: Action) -> None:
    await _succeeded(small, await act.submit(small.ctx, small.actor, id, act.ActOnMachine(action=action)))


async def _succeeded(small: Small, job: Job | Any) -> Job:
    ended = await small.ended(job.id, 240)
    assert ended.state is JobState.SUCCEEDED, ended.error
    return ended
