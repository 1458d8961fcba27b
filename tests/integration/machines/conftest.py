"""A small service, and real sshd processes for it to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from mistserver.domain.machine import Machine
from tests.lab.sshd import Sshd, sshd
from tests.support.small_service import Small, small_service


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Small]:
    """A service whose time-outs are short."""
    async with small_service(sqlite_url, ssh_connect_timeout_s=5.0, manage_this_host=True) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    """One sshd; its key opens the lab's user."""
    with sshd() as running:
        yield running


@pytest.fixture
def machine(small: Small, server: Sshd) -> Machine:
    """The sshd as a machine of the service, and the lab's key as its default key."""
    small.add_key("lab", server.private_key_pem, server.key.public, default=True)
    stored = small.add_backend(settings={"machine_ip": server.host, "machine_user": server.user})
    return small.add_machine(stored, host=server.host, ssh_port=server.port)


@pytest.fixture
def here(small: Small) -> Machine:
    """This machine, reached without SSH."""
    return small.add_machine(small.add_backend("localhost"), name="here", external_id="localhost")
