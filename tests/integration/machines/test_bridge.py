"""Providers that reach their own host over the pooled connections, from threads, through a jump host or not."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.backend import JumpHost
from mistserver.domain.errors import NotFound, ProviderAuthFailed, ProviderError
from mistserver.domain.machine import MachineState
from mistserver.services.machines import run
from mistserver.services.machines.run import RunCommand
from mistserver.services.ssh_bridge import bridge_of
from mistserver.store import backends, host_keys
from mistserver.store.backends import StoredBackend
from tests.lab.sshd import Sshd, key_pair, sshd
from tests.support.small_service import Small


def add_server(small: Small, server: Sshd, **changed: Any) -> StoredBackend:
    settings = {"machine_ip": server.host, "machine_port": server.port, "machine_user": server.user}
    return small.add_backend(settings=settings | changed.pop("settings", {}), **changed)


async def test_a_server_is_checked_by_a_command_and_known_from_then_on(small: Small, server: Sshd) -> None:
    small.add_key("lab", server.private_key_pem, server.key.public, default=True)
    stored = add_server(small, server)

    await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())
    await small.ctx.ssh.host_keys.flush()  # type: ignore[attr-defined]

    owner = host_keys.backend_owner(stored.id)
    known = small.read(host_keys.of_owner, small.actor.account_id, owner)
    assert [key.public for key in known] == [server.host_key_line]
    assert small.events("host_key.remembered")[0].subject_type == "backend"


async def test_a_key_shown_before_the_backend_was_kept_is_not_lost(small: Small, server: Sshd) -> None:
    small.add_key("lab", server.private_key_pem, server.key.public, default=True)
    stored = add_server(small, server)
    small.write(backends.delete, stored.id)

    await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())
    await small.ctx.ssh.host_keys.flush()  # type: ignore[attr-defined]
    small.write(backends.insert, stored)
    await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())

    known = small.read(host_keys.of_owner, small.actor.account_id, host_keys.backend_owner(stored.id))
    assert [key.public for key in known] == [server.host_key_line]


async def test_a_machine_is_known_by_the_key_its_backend_was_added_with(small: Small) -> None:
    with sshd() as own:
        small.add_key("lab", own.private_key_pem, own.key.public, default=True)
        stored = add_server(small, own)
        await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())
        machine = small.add_machine(stored, host=own.host, ssh_host=own.host, ssh_port=own.port)
        own.set_host_keys("ed25519")
        own.restart()

        job = await run.submit(small.ctx, small.actor, RunCommand(command="true", machines=[machine.id]))
        await small.ended(job.id)

    error = small.items(job.id)[machine.name].error
    assert error is not None
    assert error["code"] == "host_key_changed"


async def test_a_wrong_key_is_a_wrong_credential(small: Small, server: Sshd) -> None:
    pair = key_pair()
    small.add_key("wrong", pair.private, pair.public, default=True)
    stored = add_server(small, server)

    with pytest.raises(ProviderAuthFailed):
        await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())


async def test_a_jump_host_leads_there(small: Small, server: Sshd) -> None:
    with sshd() as jump:
        key = small.add_key("jump", jump.private_key_pem, jump.key.public)
        small.add_key("lab", server.private_key_pem, server.key.public, default=True)
        via = JumpHost(host=jump.host, user=jump.user, port=jump.port, key_id=key.id)
        stored = add_server(small, server, jump_host=via)
        readings = await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.list_machines())
        machine = small.add_machine(stored, host=server.host, ssh_port=server.port)
        job = await run.submit(small.ctx, small.actor, RunCommand(command="echo there", machines=[machine.id]))
        ended = await small.ended(job.id)
        log = jump.log_text()

    assert readings[0].state == MachineState.RUNNING
    assert small.items(job.id)[machine.name].stdout == "there\n", ended.error
    assert "Accepted publickey" in log
    known = small.read(host_keys.of_owner, small.actor.account_id, host_keys.jump_owner(stored.id))
    assert [shown.public for shown in known] == [jump.host_key_line]


async def test_what_is_wrong_with_a_jump_host_is_told_as_its(small: Small, server: Sshd) -> None:
    with sshd() as jump:
        pair = key_pair()
        key = small.add_key("wrong", pair.private, pair.public)
        small.add_key("lab", server.private_key_pem, server.key.public, default=True)
        via = JumpHost(host=jump.host, user=jump.user, port=jump.port, key_id=key.id)
        stored = add_server(small, server, jump_host=via)

        with pytest.raises(ProviderAuthFailed) as refused:
            await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())

    with pytest.raises(ProviderError) as gone:
        await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())
    assert [error.value.facts["field"] for error in (refused, gone)] == ["jump_host"] * 2


async def test_a_backend_without_any_key_says_so(small: Small, server: Sshd) -> None:
    stored = add_server(small, server)

    with pytest.raises((NotFound, ProviderError), match="no key"):
        await small.ctx.providers.call(small.ctx, stored, lambda provider: provider.check())


async def test_a_bridge_is_made_for_one_backend(small: Small, server: Sshd) -> None:
    bridge = bridge_of(small.ctx, add_server(small, server))

    with bridge.jump("203.0.113.1", 22) as address:
        assert address == ("203.0.113.1", 22)
