"""Changing, deleting, listing and selecting backends."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    ProviderAuthFailed,
)
from mistserver.services.backends import add, delete, get, select, update, update_credentials
from mistserver.services.backends import list as list_all
from mistserver.services.backends.access import JumpHostInput
from mistserver.services.backends.add import AddBackend
from mistserver.services.backends.update import UpdateBackend
from mistserver.services.backends.update_credentials import UpdateCredentials
from mistserver.services.keys.add import AddKey
from mistserver.services.keys.add import add as add_key
from mistserver.services.keys.generate_pair import GeneratePair
from mistserver.services.machines import list as machine_list
from mistserver.services.machines.list import MachineQuery
from mistserver.store import backends
from tests.support.dummy_provider import GOOD_TOKEN, cloud
from tests.support.quiet_service import Quiet


def dummy(account: str = "main", **more: Any) -> AddBackend:
    return AddBackend(provider="dummy", settings={"account": account, "token": GOOD_TOKEN}, **more)


async def test_renaming_to_a_taken_name_is_refused_and_else_told(quiet: Quiet) -> None:
    first = await add.add(quiet.ctx, quiet.admin, dummy("a"))
    await add.add(quiet.ctx, quiet.admin, dummy("b", name="Taken"))

    with pytest.raises(AlreadyExists):
        await update.update(quiet.ctx, quiet.admin, first.id, UpdateBackend(name="Taken"))
    renamed = await update.update(quiet.ctx, quiet.admin, first.id, UpdateBackend(name="Free"))

    assert renamed.name == "Free"
    assert quiet.events("backend.renamed")[0].message == "was Dummy"


async def test_disabling_shows_offline_and_enabling_reads_again(quiet: Quiet) -> None:
    cloud().add("web")
    added = await add.add(quiet.ctx, quiet.admin, dummy())
    await machine_list.page(quiet.ctx, quiet.admin, MachineQuery())

    disabled = await update.update(quiet.ctx, quiet.admin, added.id, UpdateBackend(enabled=False))
    shown = await machine_list.page(quiet.ctx, quiet.admin, MachineQuery(refresh=True))
    enabled = await update.update(quiet.ctx, quiet.admin, added.id, UpdateBackend(enabled=True))

    assert (disabled.state, enabled.state) == ("offline", "online")
    assert [machine.stale for machine in shown.items] == [True]
    assert cloud().asked.count("list_machines") == 1
    assert [event.message for event in quiet.events("backend.updated")] == ["enabled", "disabled"]


async def test_nothing_changes_nothing_told(quiet: Quiet) -> None:
    added = await add.add(quiet.ctx, quiet.admin, dummy())

    await update.update(quiet.ctx, quiet.admin, added.id, UpdateBackend(enabled=True, name=added.name))

    assert quiet.kinds() == ["backend.added"]


async def test_a_jump_host_is_tried_before_it_is_kept(quiet: Quiet) -> None:
    added = await add.add(quiet.ctx, quiet.admin, dummy())
    key = await add_key(quiet.ctx, quiet.admin, AddKey(name="jumper", generate=GeneratePair()))
    jump = UpdateBackend(jump_host=JumpHostInput(host="10.0.0.1", key="jumper"))

    cloud().failure = ProviderAuthFailed("no")
    with pytest.raises(ProviderAuthFailed):
        await update.update(quiet.ctx, quiet.admin, added.id, jump)
    cloud().failure = None
    changed = await update.update(quiet.ctx, quiet.admin, added.id, jump)
    cleared = await update.update(quiet.ctx, quiet.admin, added.id, UpdateBackend(jump_host=None))

    assert changed.jump_host is not None
    assert changed.jump_host.key_id == key.id
    assert cleared.jump_host is None


async def test_credentials_are_replaced_only_when_they_work(quiet: Quiet) -> None:
    added = await add.add(quiet.ctx, quiet.admin, dummy())
    before = quiet.read(backends.get, quiet.admin.account_id, added.id)

    wrong = UpdateCredentials(settings={"token": "wrong"})
    with pytest.raises(ProviderAuthFailed):
        await update_credentials.update_credentials(quiet.ctx, quiet.admin, added.id, wrong)
    unchanged = quiet.read(backends.get, quiet.admin.account_id, added.id)
    other = UpdateCredentials(settings={"account": "other"}, region="south")
    changed = await update_credentials.update_credentials(quiet.ctx, quiet.admin, added.id, other)

    assert unchanged.secret == before.secret
    assert changed.settings["account"] == "other"
    assert changed.region == "south"
    assert "backend.credentials_updated" in quiet.kinds()


async def test_credentials_of_another_backend_are_refused(quiet: Quiet) -> None:
    await add.add(quiet.ctx, quiet.admin, dummy("a", name="A"))
    second = await add.add(quiet.ctx, quiet.admin, dummy("b"))

    same = UpdateCredentials(settings={"account": "a"})
    with pytest.raises(AlreadyExists, match="'A'"):
        await update_credentials.update_credentials(quiet.ctx, quiet.admin, second.id, same)


async def test_deleting_takes_the_machines_along_and_the_name_is_free(quiet: Quiet) -> None:
    cloud().add("web")
    added = await add.add(quiet.ctx, quiet.admin, dummy(name="Mine"))
    await machine_list.page(quiet.ctx, quiet.admin, MachineQuery())

    await delete.delete(quiet.ctx, quiet.admin, added.id)
    shown = await machine_list.page(quiet.ctx, quiet.admin, MachineQuery())
    again = await add.add(quiet.ctx, quiet.admin, dummy(name="Mine"))

    assert shown.items == []
    assert again.id != added.id


async def test_a_foreign_backend_is_not_found(quiet: Quiet) -> None:
    added = await add.add(quiet.ctx, quiet.admin, dummy())
    stranger = quiet.stranger()

    for call in (
        get.get(quiet.ctx, stranger, added.id),
        delete.delete(quiet.ctx, stranger, added.id),
        update.update(quiet.ctx, stranger, added.id, UpdateBackend(name="x")),
        update_credentials.update_credentials(quiet.ctx, stranger, added.id, UpdateCredentials()),
    ):
        with pytest.raises(NotFound):
            await call
    assert (await list_all.page(quiet.ctx, stranger)).items == []


async def test_selecting_prefers_exact_over_substring(quiet: Quiet) -> None:
    for account, name in (("a", "Openstack"), ("b", "Openstack Juno"), ("c", "Other")):
        await add.add(quiet.ctx, quiet.admin, dummy(account, name=name))

    exact = await select.select(quiet.ctx, quiet.admin, "Openstack")
    part = await select.select(quiet.ctx, quiet.admin, "juno")
    by_provider = await select.select(quiet.ctx, quiet.admin, "DUMMY")
    none = await select.select(quiet.ctx, quiet.admin, "absent")

    assert (exact[0], [found.name for found in exact[1]]) == ("name", ["Openstack"])
    assert (part[0], [found.name for found in part[1]]) == ("substring", ["Openstack Juno"])
    assert (by_provider[0], len(by_provider[1])) == ("substring", 3)
    assert none == ("none", [])


async def test_backends_come_in_pages_by_name(quiet: Quiet) -> None:
    for account in ("c", "a", "b"):
        await add.add(quiet.ctx, quiet.admin, dummy(account, name=account))

    first = await list_all.page(quiet.ctx, quiet.admin, limit=2)
    second = await list_all.page(quiet.ctx, quiet.admin, limit=2, cursor=first.next_cursor)

    assert [item.name for item in [*first.items, *second.items]] == ["a", "b", "c"]
    assert second.next_cursor is None
    with pytest.raises(InvalidInput, match="cursor"):
        await list_all.page(quiet.ctx, quiet.admin, cursor="nonsense")
