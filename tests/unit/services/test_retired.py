"""A retired vendor's own address is told as what it is; an endpoint that still speaks its API is taken at its word."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.services.backends.add import AddBackend, add
from tests.support.dummy_provider import GOOD_TOKEN, Dummy, cloud
from tests.support.quiet_service import Quiet

SENTENCE = "Dummy is retired by its vendor since 2016; where its API still answers, give that address with --endpoint."
FAILURES = [
    (OSError("no such host"), ProviderUnreachable),
    (TimeoutError(), ProviderTimeout),
    (ProviderBadAnswer("HTML instead of JSON."), ProviderBadAnswer),
]


@pytest.fixture(autouse=True)
def retired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dummy, "retired_since", "2016")


async def adding(quiet: Quiet, **more: Any) -> ProviderError:
    """The error that adding a backend ends with."""
    with pytest.raises(ProviderError) as caught:
        await add(quiet.ctx, quiet.admin, AddBackend(provider="dummy", settings={"token": GOOD_TOKEN}, **more))
    return caught.value


@pytest.mark.parametrize(("failure", "kind"), FAILURES)
async def test_at_the_dead_address_the_user_is_told_since_when(
    quiet: Quiet, failure: Exception, kind: type[ProviderError]
) -> None:
    cloud().failure = failure

    error = await adding(quiet)

    assert (type(error), error.message, error.facts["retired_since"]) == (kind, SENTENCE, "2016")


@pytest.mark.parametrize(("failure", "kind"), FAILURES)
async def test_at_a_given_endpoint_the_failure_is_told(
    quiet: Quiet, failure: Exception, kind: type[ProviderError]
) -> None:
    cloud().failure = failure
    by_backend = await adding(quiet, endpoint="https://cloud.example")
    quiet.ctx.settings.provider_endpoint["dummy"] = "https://cloud.example"
    by_service = await adding(quiet)

    assert {type(by_backend), type(by_service)} == {kind}
    assert "retired" not in by_backend.message + by_service.message


async def test_an_address_that_answers_is_not_dead(quiet: Quiet) -> None:
    cloud().failure = ProviderAuthFailed("The token is wrong.")

    assert (await adding(quiet)).message == "The token is wrong."


async def test_a_vendor_that_lives_is_never_called_retired(quiet: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dummy, "retired_since", None)
    cloud().failure = OSError("no such host")

    assert "cannot be reached" in (await adding(quiet)).message
