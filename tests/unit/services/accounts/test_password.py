"""Argon2id with costs that make guessing slow."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from mistserver.domain.errors import InvalidInput, TooManyAttempts
from mistserver.services.accounts import password

COSTS = password._hasher


@pytest.fixture
def real_costs(monkeypatch: pytest.MonkeyPatch, cheap_hashes: None) -> None:
    monkeypatch.setattr(password, "_hasher", COSTS)


def test_a_hash_names_argon2id_and_its_costs(real_costs: None) -> None:
    parameters = extract_parameters(password.hash_now("correct horse"))

    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (32 * 1024, 4, 1)


async def test_a_password_is_verified_by_its_hash() -> None:
    known = await password.hash_password("correct horse é \udcff")

    assert await password.verify_password(known, "correct horse é \udcff")
    assert not await password.verify_password(known, "correct horse")
    assert not await password.verify_password("not a hash", "correct horse")
    assert not await password.verify_password(None, "correct horse")


@pytest.mark.parametrize(("text", "word"), [("", "short"), ("1234567", "short"), ("x" * 1025, "long")])
def test_short_and_huge_passwords_are_refused(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        password.clean_password(text)

    assert text == "" or text not in str(caught.value)


async def test_a_flood_of_sign_ins_is_turned_away_instead_of_queued() -> None:
    tries = [password.verify_password(None, "x") for _ in range(password.MOST_WAITING + 5)]

    answers = await asyncio.gather(*tries, return_exceptions=True)

    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 5
    assert not await password.verify_password(None, "x")
