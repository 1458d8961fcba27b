"""Claiming a service: who can, how often, and what is left behind."""

from __future__ import annotations

import asyncio

import pytest

from mistserver.domain.account import Role
from mistserver.domain.errors import Conflict, InvalidInput, NotSignedIn
from mistserver.services.accounts import host, sessions, setup, tokens
from mistserver.services.accounts.sessions import SignIn
from mistserver.services.accounts.setup import Claim
from mistserver.services.context import Context
from mistserver.store import events, meta
from mistserver.store.events import EventQuery

PASSWORD = "correct horse"


def make_claim(code: str, email: str = "ann@example.com") -> Claim:
    return Claim(code=code, email=email, password=PASSWORD)


def new_code(ctx: Context) -> str:
    code = setup.new_code(ctx.database)
    assert code is not None
    return code


async def test_the_code_makes_the_first_admin_and_signs_them_in(ctx: Context) -> None:
    assert (await setup.needed(ctx)).needed

    session = await setup.claim(ctx, make_claim(f" {new_code(ctx)}\n"), "10.0.0.1", "r1")
    actor = await sessions.authenticate(ctx, session.token)

    assert (actor.email, actor.role) == ("ann@example.com", Role.ADMIN)
    assert not (await setup.needed(ctx)).needed
    kinds = [event.kind for event in ctx.database.read_now(events.page, actor.account_id, EventQuery())]
    assert kinds == ["account.claimed", "account.created"]
    assert [token.name for token in await tokens.list_all(ctx, actor)] == ["setup"]


async def test_the_session_of_a_claim_is_called_as_it_is_told(ctx: Context) -> None:
    session = await setup.claim(ctx, make_claim(new_code(ctx)), session_name="console, Firefox on Linux")

    actor = await sessions.authenticate(ctx, session.token)
    assert [token.name for token in await tokens.list_all(ctx, actor)] == ["console, Firefox on Linux"]


async def test_a_wrong_code_is_refused_and_does_not_spend_the_right_one(ctx: Context) -> None:
    code = new_code(ctx)

    with pytest.raises(NotSignedIn, match="one-time code"):
        await setup.claim(ctx, make_claim("11111-11111-11111-11111"))

    await setup.claim(ctx, make_claim(code))


async def test_the_code_is_spent_once(ctx: Context) -> None:
    code = new_code(ctx)
    await setup.claim(ctx, make_claim(code))

    with pytest.raises(Conflict, match="has its first user already"):
        await setup.claim(ctx, make_claim(code, "eve@example.org"))


async def test_of_many_claims_at_once_exactly_one_succeeds(ctx: Context) -> None:
    code = new_code(ctx)
    claims = [setup.claim(ctx, make_claim(code, f"user{number}@example.com")) for number in range(8)]

    answers = await asyncio.gather(*claims, return_exceptions=True)

    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    assert all(isinstance(answer, Conflict | setup.Session) for answer in answers)


async def test_only_a_hash_of_the_code_is_kept_and_a_new_one_replaces_it(ctx: Context) -> None:
    first, second = new_code(ctx), new_code(ctx)

    kept = ctx.database.read_now(meta.get, setup.CODE)

    assert kept is not None
    assert second.encode() not in kept
    with pytest.raises(NotSignedIn):
        await setup.claim(ctx, make_claim(first))


async def test_there_is_no_code_for_a_service_that_has_a_user(ctx: Context) -> None:
    code = new_code(ctx)
    host.create_account(ctx.database, "Home", "ann@example.com", PASSWORD)

    assert setup.new_code(ctx.database) is None
    with pytest.raises(Conflict):
        await setup.claim(ctx, make_claim(code, "eve@example.org"))


async def test_the_first_sign_in_may_carry_the_code(ctx: Context) -> None:
    code = new_code(ctx)

    session = await sessions.sign_in(ctx, SignIn(email="ann@example.com", password=PASSWORD, code=code))

    assert session.user.role is Role.ADMIN


async def test_a_sign_in_without_a_user_says_that_the_code_is_needed(ctx: Context) -> None:
    with pytest.raises(NotSignedIn, match="no user yet"):
        await sessions.sign_in(ctx, SignIn(email="ann@example.com", password=PASSWORD))


async def test_a_bad_email_or_password_does_not_spend_the_code(ctx: Context) -> None:
    code = new_code(ctx)

    with pytest.raises(InvalidInput) as caught:
        await setup.claim(ctx, Claim(code=code, email="ann@example.com", password="short"))
    assert caught.value.facts["field"] == "password"
    with pytest.raises(InvalidInput):
        await setup.claim(ctx, Claim(code=code, email="not an address", password=PASSWORD))

    await setup.claim(ctx, make_claim(code))
