"""A real sshd, a memory of host keys, and pools that are closed after the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from mistserver.ssh.pool import Pool
from tests.integration.ssh.kit import Bench, Book
from tests.lab.sshd import Sshd, sshd


@pytest.fixture(scope="session")
def server() -> Iterator[Sshd]:
    with sshd() as running:
        yield running


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def bench(book: Book) -> AsyncIterator[Bench]:
    made = Bench(book)
    yield made
    await asyncio.gather(*(pool.close() for pool in made.pools))


@pytest.fixture
def pool(bench: Bench) -> Pool:
    return bench.pool()
