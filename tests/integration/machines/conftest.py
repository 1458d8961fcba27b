"""A small service, and real sshd processes for it to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.lab.sshd import Sshd, sshd
from tests.support.small_service import Small, small_service


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Small]:
    """A service whose time-outs are short."""
    async with small_service(sqlite_url, ssh_connect_timeout_s=3.0) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    """One sshd; its key opens the lab's user."""
    with sshd() as running:
        yield running
