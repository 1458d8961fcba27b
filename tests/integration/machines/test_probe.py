"""Asking a real machine how it fares."""

from __future__ import annotations

import pytest

from mistserver.domain.errors import Conflict, HostKeyChanged, MachineAuthFailed, MachineUnreachable, NotFound
from mistserver.domain.machine import Machine, MachineState
from mistserver.services.machines import associate, host_keys, probe
from mistserver.services.machines.probe import ProbeMachine
from tests.lab.sshd import Sshd, key_pair
from tests.support.small_service import Small


async def test_a_probe_tells_and_notes_what_worked(small: Small, server: Sshd, machine: Machine) -> None:
    answer = await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine())

    links = await associate.list_all(small.ctx, small.actor, machine.id)
    known = await host_keys.list_all(small.ctx, small.actor, machine.id)
    assert answer.uptime_s > 0
    assert answer.kernel.startswith("Linux")
    assert (answer.user, answer.key_id) == (server.user, links[0].key_id)
    assert (links[0].user, links[0].port, links[0].key_name) == (server.user, server.port, "lab")
    assert links[0].last_success_at is not None
    assert answer.host_key_fingerprint == known[0].fingerprint
    assert known[0].public == server.host_key_line
    assert small.events("host_key.remembered")[0].subject_id == machine.id


async def test_a_machine_without_ssh_is_probed_through_its_provider(small: Small, here: Machine) -> None:
    answer = await probe.probe(small.ctx, small.actor, here.id, ProbeMachine())

    assert (answer.key_id, answer.host_key_fingerprint) == (None, None)
    assert answer.cores >= 1


async def test_a_key_that_does_not_open_it_is_refused(small: Small, machine: Machine) -> None:
    other = key_pair()
    small.add_key("other", other.private, other.public)

    with pytest.raises(MachineAuthFailed):
        await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine(key="other"))
    with pytest.raises(NotFound):
        await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine(key="missing"))


async def test_a_machine_that_cannot_answer_says_why(small: Small, server: Sshd, machine: Machine) -> None:
    stored = small.add_backend()
    off = small.add_machine(stored, "off", state=MachineState.STOPPED)
    homeless = small.add_machine(stored, "homeless", public_ips=())

    with pytest.raises(Conflict, match="is stopped"):
        await probe.probe(small.ctx, small.actor, off.id, ProbeMachine())
    with pytest.raises(MachineUnreachable, match="no address"):
        await probe.probe(small.ctx, small.actor, homeless.id, ProbeMachine())


async def test_a_changed_host_key_is_refused_until_it_is_accepted(small: Small, server: Sshd, machine: Machine) -> None:
    before = await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine())
    await small.ctx.ssh.forget(machine.id)
    server.set_host_keys("ecdsa")
    server.restart()

    with pytest.raises(HostKeyChanged):
        await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine())
    accepted = await host_keys.accept(small.ctx, small.actor, machine.id)
    after = await probe.probe(small.ctx, small.actor, machine.id, ProbeMachine())

    assert [key.fingerprint for key in accepted] == [after.host_key_fingerprint]
    assert after.host_key_fingerprint != before.host_key_fingerprint
    event = small.events("host_key.accepted")[0]
    assert event.details["before"] == [before.host_key_fingerprint]
    assert await host_keys.list_all(small.ctx, small.actor, machine.id) == accepted


async def test_accepting_a_key_can_name_it(small: Small, machine: Machine) -> None:
    with pytest.raises(Conflict, match="not SHA256:x"):
        await host_keys.accept(small.ctx, small.actor, machine.id, "SHA256:x")

    assert await host_keys.list_all(small.ctx, small.actor, machine.id) == []
