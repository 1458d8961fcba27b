"""What the command says of backends in trouble, and of how old something is."""

from __future__ import annotations

import json

import pytest

from mistcli.fares import age_text
from tests.support.rest_records import AT
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

TROUBLE = {
    "code": "provider_auth_failed",
    "message": "EC2 refuses the key.",
    "at": AT,
    "failures": 4,
    "since": AT,
    "next_try_at": "2026-11-23T12:15:07.250000Z",
}
PAUSED = "EC2 refuses the key. (4 failures in a row; asked again at 12:15:07 UTC, or with --refresh)"


def test_a_listing_says_that_a_failing_backend_is_asked_less_often(mist: Mist, service: RestStub) -> None:
    service.backend_health = [
        {"id": "b", "name": "EC2", "state": "error", "read_at": AT, "age_s": 7300.0, "trouble": TROUBLE}
    ]

    assert mist("list-machines").err == f"Warning: EC2: {PAUSED} (its machines are shown as of 2 h ago)\n"


def test_listing_and_describing_backends_shows_what_is_wrong_and_when_it_is_asked_again(
    mist: Mist, service: RestStub
) -> None:
    service.backends[2].update(state="error", trouble=TROUBLE)

    listed = mist("list-backends")
    described = mist("describe-backend", "EC2 AP Sydney")
    told = json.loads(mist("describe-backend", "EC2 AP Sydney", "-o", "json").out)

    assert listed.err == f"EC2 AP Sydney: {PAUSED}\n"
    assert f"Trouble since {AT}: {PAUSED}\n" in described.out
    assert told["trouble"] == TROUBLE


@pytest.mark.parametrize(
    ("age_s", "text"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (200000, "2 d")],
)
def test_ages_are_for_people(age_s: float, text: str) -> None:
    assert age_text(age_s) == text
