"""Adding backends: what is refused, what is tried, what is kept."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
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
from mistserver.providers import registry
from mistserver.services.backends import add
from mistserver.services.backends.access import JumpHostInput
from mistserver.services.backends.add import AddBackend
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
        (AddBackend(provider="lacking", settings={"token": "x"}), ProviderNotAvailable, "mist_no_such_library"),
        (AddBackend(provider="localhost"), ProviderNotAvailable, "--manage-this-host"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    quiet: Quiet, request_: AddBackend, error: type[MistError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = replace(registry.row("dummy"), id="lacking", extra="lacking", module_needed="mist_no_such_library")
    monkeypatch.setitem(registry._ROWS, "lacking", row)

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
