"""Adding backends: what is refused, what is tried, what is kept."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from mistserver.domain.account import Scope
from mistserver.domain.errors import (
    AlreadyExists,
    Forbidden,
    InvalidInput,
    MistError,
    NotFound,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderNotAvailable,
    ProviderTimeout,
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


async def refusal(quiet: Quiet, request: AddBackend) -> MistError:
    """Why it is refused; nothing is stored then."""
    with pytest.raises(MistError) as caught:
        await add.add(quiet.ctx, quiet.admin, request)
    assert quiet.read(backends.all_of, None) == []
    return caught.value


async def test_a_backend_without_a_name_gets_the_providers_title_and_then_a_number(quiet: Quiet) -> None:
    names = [(await add.add(quiet.ctx, quiet.admin, dummy(account))).name for account in ("a", "b", "c")]

    assert names == ["Dummy", "Dummy 2", "Dummy 3"]
    assert quiet.kinds() == ["backend.added"] * 3


async def test_a_given_name_that_exists_is_refused(quiet: Quiet) -> None:
    await add.add(quiet.ctx, quiet.admin, dummy("a", name="Mine"))

    with pytest.raises(AlreadyExists, match="'Mine'"):
        await add.add(quiet.ctx, quiet.admin, dummy("b", name=" Mine "))


async def test_the_same_credentials_are_refused_naming_the_backend(quiet: Quiet) -> None:
    first = await add.add(quiet.ctx, quiet.admin, dummy(name="First"))

    with pytest.raises(AlreadyExists, match="'First'") as caught:
        await add.add(quiet.ctx, quiet.admin, dummy(name="Second"))
    await add.add(quiet.ctx, quiet.admin, dummy(name="Elsewhere", endpoint="https://private.example"))
    await add.add(quiet.ctx, quiet.stranger(), dummy(name="First"))

    assert caught.value.facts["id"] == first.id


async def test_two_adds_at_once_keep_one(quiet: Quiet) -> None:
    answers = await asyncio.gather(
        *(add.add(quiet.ctx, quiet.admin, dummy()) for _ in range(4)), return_exceptions=True
    )

    assert len([answer for answer in answers if isinstance(answer, AlreadyExists)]) == 3


async def test_wrong_credentials_store_nothing_and_stay_out_of_the_message(quiet: Quiet) -> None:
    request = AddBackend(provider="dummy", settings={"token": "wrong-secret-value"})

    refused = await refusal(quiet, request)

    assert isinstance(refused, ProviderAuthFailed)
    assert "wrong-secret-value" not in refused.message
    assert "***" in refused.message


async def test_a_provider_that_hangs_is_given_up(quiet: Quiet) -> None:
    cloud().held = threading.Event()
    object.__setattr__(quiet.ctx.settings, "provider_timeout_s", 0.05)

    refused = await refusal(quiet, dummy())

    assert isinstance(refused, ProviderTimeout)


async def test_a_foreign_exception_becomes_a_bad_answer_without_its_text(quiet: Quiet) -> None:
    cloud().failure = KeyError(GOOD_TOKEN)

    refused = await refusal(quiet, dummy())

    assert isinstance(refused, ProviderBadAnswer)
    assert GOOD_TOKEN not in refused.message
    assert "KeyError" in refused.message


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (AddBackend(provider="nowhere"), InvalidInput, "bare_metal"),
        (AddBackend(provider="dummy"), InvalidInput, "--dummy-token"),
        (AddBackend(provider="dummy", settings={"token": "x", "nonsense": "y"}), InvalidInput, "nonsense"),
        (dummy(region="west"), InvalidInput, "north, south"),
        (dummy(endpoint="ftp://x"), InvalidInput, "--endpoint"),
        (dummy(endpoint="https://user:pass@host"), InvalidInput, "settings"),
        (dummy(endpoint="https://[::1"), InvalidInput, "--endpoint"),
        (dummy(ca_pem="no certificate"), InvalidInput, "--ca-file"),
        (dummy(name="two\nlines"), InvalidInput, "control"),
        (dummy(name="  "), InvalidInput, "not empty"),
        (dummy(name="x" * 4096), InvalidInput, "255"),
        (dummy(jump_host=JumpHostInput(host="jump", key="nokey")), NotFound, "nokey"),
        (dummy(jump_host=JumpHostInput(host="-oProxyCommand=x", key="k")), InvalidInput, "host of the jump host"),
        (dummy(jump_host=JumpHostInput(host="jump", port=0, key="k")), InvalidInput, "port"),
        (
            AddBackend(provider="dummy", settings={"token": GOOD_TOKEN, "key": "nokey"}),
            NotFound,
            "--dummy-key",
        ),
        (AddBackend(provider="linode", settings={"api_key": "x"}), ProviderNotAvailable, "Linode"),
        (AddBackend(provider="localhost"), ProviderNotAvailable, "--manage-this-host"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    quiet: Quiet, request_: AddBackend, error: type[MistError], words: str
) -> None:
    refused = await refusal(quiet, request_)

    assert type(refused) is error
    assert words in refused.message
    assert cloud().asked == []


async def test_secrets_are_sealed_and_not_shown(quiet: Quiet) -> None:
    added = await add.add(quiet.ctx, quiet.admin, dummy(region="north"))

    stored = quiet.read(backends.get, quiet.admin.account_id, added.id)
    assert added.settings == {"account": "main", "key": None}
    assert added.region == "north"
    assert GOOD_TOKEN.encode() not in stored.secret
    assert GOOD_TOKEN not in repr(stored)


async def test_machines_are_read_right_after_adding(quiet: Quiet) -> None:
    cloud().add("web")

    await add.add(quiet.ctx, quiet.admin, dummy())
    shown = await machine_list.page(quiet.ctx, quiet.admin, MachineQuery())

    assert [machine.name for machine in shown.items] == ["web"]
    assert cloud().asked == ["check", "list_machines"]


async def test_only_an_admin_adds(quiet: Quiet) -> None:
    with pytest.raises(Forbidden):
        await add.add(quiet.ctx, quiet.acting(Scope.OPERATE), dummy())


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
    assert [kind for kind in quiet.kinds() if kind != "backend.added"] == ["backend.disabled", "backend.enabled"]


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
