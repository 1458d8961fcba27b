"""A real SSH server as a backend: its key is really tried, and the old one stays while the new one fails."""

from __future__ import annotations

import pytest

from mistserver.domain.account import Role, Scope
from mistserver.domain.errors import MistError
from mistserver.services.backends.add import AddBackend, add
from mistserver.services.backends.update_credentials import UpdateCredentials, update_credentials
from mistserver.services.keys.add import AddKey
from mistserver.services.keys.add import add as add_key
from mistserver.services.keys.generate_pair import GeneratePair
from mistserver.services.machines import list as machine_list
from mistserver.services.machines.list import MachineQuery
from mistserver.store import backends, host_keys
from tests.lab.sshd import Sshd
from tests.support.small_service import Small


async def test_a_server_is_added_only_with_a_key_that_opens_it(small: Small, server: Sshd) -> None:
    admin = small.as_role(Role.ADMIN, Scope.ADMIN)
    await add_key(small.ctx, admin, AddKey(name="wrong", generate=GeneratePair()))
    await add_key(small.ctx, admin, AddKey(name="right", private=server.private_key_pem))

    def request(key: str) -> AddBackend:
        where = {"machine_ip": server.host, "machine_port": server.port, "machine_user": server.user}
        return AddBackend(provider="bare_metal", settings={**where, "machine_key": key})

    with pytest.raises(MistError) as refused:
        await add(small.ctx, admin, request("wrong"))
    left = small.read(backends.all_of, None)
    made = await add(small.ctx, admin, request("right"))
    page = await machine_list.page(small.ctx, admin, MachineQuery(refresh=True))
    with pytest.raises(MistError):
        await update_credentials(small.ctx, admin, made.id, UpdateCredentials(settings={"machine_key": "wrong"}))
    kept = small.read(backends.get, admin.account_id, made.id)
    seen = small.read(host_keys.of_owner, admin.account_id, host_keys.backend_owner(made.id))

    assert refused.value.code in ("machine_auth_failed", "provider_auth_failed")
    assert left == []
    assert made.name == server.host
    assert [(machine.name, machine.state) for machine in page.items] == [(server.host, "running")]
    assert page.backends[0].trouble is None
    assert kept.backend.settings["machine_key"] == "right"
    assert [key.public for key in seen] == [server.host_key_line]
    await small.ctx.providers.readings.close()
