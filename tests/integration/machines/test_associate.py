"""Keys let into a real machine and taken away again."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistserver.domain.errors import MachineAuthFailed, NotFound
from mistserver.domain.machine import Machine
from mistserver.services.machines import associate
from mistserver.services.machines.associate import AssociateKey
from tests.lab import needs
from tests.lab.sshd import LAB_USER, Sshd, key_pair, sshd
from tests.support.small_service import Small


@pytest.fixture
def authorized(server: Sshd) -> Iterator[Path]:
    """The file of the lab's user; neither it nor its folder is there before and after."""
    needs.root("the file of another user")
    folder = Path(pwd.getpwnam(server.user).pw_dir) / ".ssh"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder / "authorized_keys"
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_key_is_put_there_once_and_proven(
    small: Small, server: Sshd, machine: Machine, authorized: Path
) -> None:
    pair = key_pair()
    key = small.add_key("new", pair.private, f"{pair.public.strip()} with a comment")

    link = await associate.associate(small.ctx, small.actor, machine.id, key.id, AssociateKey())
    again = await associate.associate(small.ctx, small.actor, machine.id, "new", AssociateKey(user=server.user))

    assert (link.key_name, link.user, link.port) == ("new", server.user, server.port)
    assert again.key_id == link.key_id
    assert authorized.read_text().count(pair.public.split()[1]) == 1
    assert authorized.stat().st_mode & 0o777 == 0o600
    assert authorized.parent.stat().st_mode & 0o777 == 0o700
    assert small.events("key.associated")[0].subject_id == machine.id


async def test_a_file_without_a_line_end_is_not_broken(small: Small, machine: Machine, authorized: Path) -> None:
    pair, there = key_pair(), key_pair()
    small.add_key("new", pair.private, pair.public)
    authorized.parent.mkdir(exist_ok=True)
    authorized.write_text(there.public.strip())
    for path in (authorized.parent, authorized):
        _own(path)

    await associate.associate(small.ctx, small.actor, machine.id, "new", AssociateKey())

    assert [line.split()[1] for line in authorized.read_text().splitlines()] == [
        there.public.split()[1],
        pair.public.split()[1],
    ]


async def test_a_dissociated_key_opens_it_no_more(small: Small, machine: Machine, authorized: Path) -> None:
    pair = key_pair()
    key = small.add_key("new", pair.private, pair.public)
    await associate.associate(small.ctx, small.actor, machine.id, "new", AssociateKey())

    done = await associate.dissociate(small.ctx, small.actor, machine.id, key.id)

    assert done.removed
    assert pair.public.split()[1] not in authorized.read_text()
    assert "new" not in [one.key_name for one in await associate.list_all(small.ctx, small.actor, machine.id)]
    with pytest.raises(NotFound, match="not associated"):
        await associate.dissociate(small.ctx, small.actor, machine.id, key.id)


async def test_what_cannot_be_reached_is_dissociated_and_says_so(small: Small, machine: Machine) -> None:
    pair = key_pair()
    key = small.add_key("new", pair.private, pair.public)
    with sshd() as other:
        other.authorize(pair.public)
        gone = small.add_machine(
            small.add_backend(settings={"machine_ip": "x", "machine_user": other.user}), "gone", ssh_port=other.port
        )
        await associate.associate(small.ctx, small.actor, gone.id, key.id, AssociateKey(user=other.user))
    await small.ctx.ssh.forget(gone.id)

    done = await associate.dissociate(small.ctx, small.actor, gone.id, key.id)

    assert not done.removed
    assert "may still let new in" in done.message
    assert small.events("key.dissociated")[0].details["removed"] is False


async def test_a_key_that_nothing_can_put_there_is_refused(small: Small, server: Sshd) -> None:
    pair = key_pair()
    key = small.add_key("only", pair.private, pair.public, default=True)
    stored = small.add_backend(settings={"machine_ip": "x", "machine_user": server.user})
    machine = small.add_machine(stored, host=server.host, ssh_port=server.port)

    with pytest.raises(MachineAuthFailed):
        await associate.associate(small.ctx, small.actor, machine.id, key.id, AssociateKey(user=server.user))

    assert await associate.list_all(small.ctx, small.actor, machine.id) == []


async def test_host_and_port_may_be_given(small: Small, server: Sshd) -> None:
    key = small.add_key("lab", server.private_key_pem, server.key.public, default=True)
    machine = small.add_machine(small.add_backend(), public_ips=())

    asked = AssociateKey(host=server.host, port=server.port, user=server.user)
    link = await associate.associate(small.ctx, small.actor, machine.id, key.id, asked)

    assert (link.host, link.port, link.user) == (server.host, server.port, server.user)


def _own(path: Path) -> None:
    user = pwd.getpwnam(LAB_USER)
    os.chown(path, user.pw_uid, user.pw_gid)
