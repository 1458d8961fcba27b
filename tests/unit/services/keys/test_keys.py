"""Keys: kept sealed, exactly one default, not deleted while something needs them."""

from __future__ import annotations

import asyncio

import pytest

from mistserver.domain.account import Scope
from mistserver.domain.errors import AlreadyExists, Conflict, Forbidden, InvalidInput, NotFound
from mistserver.domain.key import Key
from mistserver.services.backends import get as get_backend
from mistserver.services.backends import update
from mistserver.services.backends.access import JumpHostInput
from mistserver.services.backends.add import AddBackend
from mistserver.services.backends.add import add as add_backend
from mistserver.services.backends.update import UpdateBackend
from mistserver.services.keys import add, delete, export, generate_pair, get, rename, select, set_default
from mistserver.services.keys import list as list_all
from mistserver.services.keys.add import AddKey
from mistserver.services.keys.generate_pair import GeneratePair
from mistserver.services.keys.rename import RenameKey
from mistserver.ssh.keys import parse_private
from mistserver.store import keys
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.quiet_service import Quiet


async def made(quiet: Quiet, *names: str) -> list[Key]:
    return [await add.add(quiet.ctx, quiet.admin, AddKey(name=name, generate=GeneratePair())) for name in names]


async def defaults(quiet: Quiet) -> list[str]:
    return [key.name for key in (await list_all.page(quiet.ctx, quiet.admin)).items if key.is_default]


async def test_the_first_key_is_the_default_and_there_is_always_one(quiet: Quiet) -> None:
    first, second, third = await made(quiet, "first", "second", "third")
    seen = [await defaults(quiet)]

    await set_default.set_default(quiet.ctx, quiet.admin, third.id)
    seen.append(await defaults(quiet))
    await delete.delete(quiet.ctx, quiet.admin, third.id)
    seen.append(await defaults(quiet))
    await delete.delete(quiet.ctx, quiet.admin, second.id)
    await delete.delete(quiet.ctx, quiet.admin, first.id)
    seen.append(await defaults(quiet))

    assert seen == [["first"], ["third"], ["first"], []]


async def test_many_added_at_once_have_one_default_and_one_of_a_name(quiet: Quiet) -> None:
    answers = await asyncio.gather(
        *(add.add(quiet.ctx, quiet.admin, AddKey(name=f"k{n % 3}", generate=GeneratePair())) for n in range(9)),
        return_exceptions=True,
    )

    assert len([answer for answer in answers if isinstance(answer, AlreadyExists)]) == 6
    assert len(await defaults(quiet)) == 1


async def test_an_uploaded_key_is_the_one_that_is_exported_and_that_is_told(quiet: Quiet) -> None:
    pair = await generate_pair.generate_pair(quiet.ctx, quiet.acting(Scope.READ), GeneratePair())
    key = await add.add(quiet.ctx, quiet.admin, AddKey(name="mine", private=pair.private))

    taken = await export.export(quiet.ctx, quiet.admin, key.id)

    stored = quiet.read(keys.get, quiet.admin.account_id, key.id)
    assert parse_private(taken.private).public.split()[:2] == pair.public.split()[:2]
    assert key.public.split()[:2] == pair.public.split()[:2]
    assert pair.private.encode()[100:160] not in stored.secret
    assert quiet.kinds() == ["key.added", "key.exported"]
    assert "PRIVATE" not in repr(taken) + repr(pair) + repr(AddKey(name="x", private=pair.private))


@pytest.mark.parametrize(
    "request_",
    [
        AddKey(name="x"),
        AddKey(name="x", private="garbage"),
        AddKey(name="x", private="garbage", generate=GeneratePair()),
        AddKey(name=" ", generate=GeneratePair()),
        AddKey(name="a\x1b[31m", generate=GeneratePair()),
    ],
)
async def test_what_is_no_key_is_refused(quiet: Quiet, request_: AddKey) -> None:
    with pytest.raises(InvalidInput):
        await add.add(quiet.ctx, quiet.admin, request_)
    assert (await list_all.page(quiet.ctx, quiet.admin)).items == []


async def test_renaming_takes_the_backends_along_and_refuses_a_taken_name(quiet: Quiet) -> None:
    key, _ = await made(quiet, "old", "taken")
    settings = {"token": GOOD_TOKEN, "key": "old"}
    backend = await add_backend(quiet.ctx, quiet.admin, AddBackend(provider="dummy", settings=settings))

    with pytest.raises(AlreadyExists):
        await rename.rename(quiet.ctx, quiet.admin, key.id, RenameKey(name="taken"))
    renamed = await rename.rename(quiet.ctx, quiet.admin, key.id, RenameKey(name="new"))

    assert renamed.name == "new"
    assert (await get_backend.get(quiet.ctx, quiet.admin, backend.id)).settings["key"] == "new"


async def test_a_key_that_a_backend_needs_is_not_deleted(quiet: Quiet) -> None:
    named, jumper = await made(quiet, "named", "jumper")
    settings = {"token": GOOD_TOKEN, "key": "named"}
    request = AddBackend(provider="dummy", name="Needy", settings=settings)
    backend = await add_backend(quiet.ctx, quiet.admin, request)
    jump = UpdateBackend(jump_host=JumpHostInput(host="10.0.0.1", key="jumper"))
    await update.update(quiet.ctx, quiet.admin, backend.id, jump)

    for key in (named, jumper):
        with pytest.raises(Conflict, match="'Needy'"):
            await delete.delete(quiet.ctx, quiet.admin, key.id)


async def test_selecting_keys(quiet: Quiet) -> None:
    first, *_ = await made(quiet, "web", "web-2", "Other")

    assert (await select.select(quiet.ctx, quiet.admin, "web"))[1] == [first]
    assert (await select.select(quiet.ctx, quiet.admin, first.id))[0] == "id"
    assert len((await select.select(quiet.ctx, quiet.admin, "EB"))[1]) == 2


async def test_a_foreign_key_is_not_found_and_operators_change_nothing(quiet: Quiet) -> None:
    (key,) = await made(quiet, "mine")
    stranger, operator = quiet.stranger(), quiet.acting(Scope.OPERATE)

    for actor, error in ((stranger, NotFound), (operator, Forbidden)):
        for call in (
            export.export(quiet.ctx, actor, key.id),
            delete.delete(quiet.ctx, actor, key.id),
            set_default.set_default(quiet.ctx, actor, key.id),
            rename.rename(quiet.ctx, actor, key.id, RenameKey(name="x")),
        ):
            with pytest.raises(error):
                await call
    with pytest.raises(NotFound):
        await get.get(quiet.ctx, stranger, key.id)
