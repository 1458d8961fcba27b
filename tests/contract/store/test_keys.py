"""Keys and backends of one account written by many at once, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mistserver.domain.errors import AlreadyExists
from mistserver.services.backends.add import AddBackend
from mistserver.services.backends.add import add as add_backend
from mistserver.services.catalog import stars
from mistserver.services.keys import delete, set_default
from mistserver.services.keys.add import AddKey, add
from mistserver.services.keys.generate_pair import GeneratePair
from mistserver.services.machines import inventory
from mistserver.store import keys, machines
from mistserver.store import stars as star_rows
from mistserver.store.database import Database
from mistserver.store.machines import Filter
from tests.support import dummy_provider
from tests.support.dummy_provider import GOOD_TOKEN, cloud
from tests.support.quiet_service import Quiet, quiet_service


@pytest.fixture
async def quiet(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Quiet]:
    dummy_provider.register(monkeypatch)
    made = quiet_service(database)
    yield made
    await made.ctx.providers.readings.close()
    await made.ctx.ssh.close()


async def test_many_writers_leave_one_default_and_no_name_twice(quiet: Quiet) -> None:
    def make(name: str) -> AddKey:
        return AddKey(name=name, generate=GeneratePair())

    answers = await asyncio.gather(
        *(add(quiet.ctx, quiet.admin, make(f"k{n % 4}")) for n in range(12)), return_exceptions=True
    )
    made = [answer for answer in answers if not isinstance(answer, BaseException)]
    await asyncio.gather(*(set_default.set_default(quiet.ctx, quiet.admin, key.id) for key in made))
    await asyncio.gather(*(delete.delete(quiet.ctx, quiet.admin, key.id) for key in made[:3]))

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    left = quiet.read(keys.all_of, quiet.admin.account_id)
    assert {type(error) for error in refused} == {AlreadyExists}
    assert len(made) == 4
    assert [(key.id, key.is_default) for key in left] == [(made[3].id, True)]


async def test_many_backends_without_a_name_have_names_of_their_own(quiet: Quiet) -> None:
    def request(account: str) -> AddBackend:
        return AddBackend(provider="dummy", settings={"account": account, "token": GOOD_TOKEN})

    made = await asyncio.gather(*(add_backend(quiet.ctx, quiet.admin, request(str(n))) for n in range(6)))

    assert sorted(backend.name for backend in made) == ["Dummy", *(f"Dummy {n}" for n in range(2, 7))]


async def test_two_services_that_read_one_backend_at_once_agree(quiet: Quiet) -> None:
    for number in range(50):
        cloud().add(f"m-{number}")
    request = AddBackend(provider="dummy", settings={"token": GOOD_TOKEN})
    made = await add_backend(quiet.ctx, quiet.admin, request)

    await asyncio.gather(*(inventory._read(quiet.ctx, quiet.admin.account_id, made.id) for _ in range(4)))

    found = quiet.read(machines.find, quiet.admin.account_id, Filter())
    assert len(found) == 50


async def test_the_last_word_on_a_star_counts(quiet: Quiet) -> None:
    request = AddBackend(provider="dummy", settings={"token": GOOD_TOKEN})
    made = await add_backend(quiet.ctx, quiet.admin, request)

    for say in (stars.star, stars.star, stars.unstar):
        await say(quiet.ctx, quiet.admin, made.id, "library/debian:12")

    assert quiet.read(star_rows.of_backend, made.id) == {"library/debian:12": False}
