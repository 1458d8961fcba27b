"""Signing in, signing out, and what a token proves."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest
import sqlalchemy as sa

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.errors import InvalidInput, NotSignedIn, TooManyAttempts, Unavailable
from mistserver.services.accounts import host, password, sessions, tokens, users
from mistserver.services.accounts.sessions import SignIn
from mistserver.services.accounts.tokens import CreateToken
from mistserver.services.accounts.users import AddUser
from mistserver.services.context import Context
from mistserver.store import events, tables
from mistserver.store import tokens as store
from mistserver.store.events import EventQuery
from tests.unit.services.accounts.conftest import EMAIL, PASSWORD, START, Clock, sign_in

WRONG = "The email or the password is wrong."


async def fail(ctx: Context, email: str = EMAIL, address: str = "10.6.6.6") -> Exception:
    try:
        await sessions.sign_in(ctx, SignIn(email=email, password="wrong password"), address)
    except (NotSignedIn, TooManyAttempts) as error:
        return error
    raise AssertionError("a wrong password was accepted")


async def test_a_session_names_its_user_and_ends_by_itself(ctx: Context, admin: Actor, clock: Clock) -> None:
    session = await sessions.sign_in(
        ctx, SignIn(email=" Ann@Example.com ", password=PASSWORD, name="laptop"), "10.0.0.1"
    )

    actor = await sessions.authenticate(ctx, session.token, "10.0.0.1", "r9")

    assert (actor.email, actor.scope, actor.request_id) == (EMAIL, Scope.ADMIN, "r9")
    assert (session.expires_at - START).days == 30
    clock.pass_by(days=30)
    with pytest.raises(NotSignedIn, match="expired at 2026-03-31"):
        await sessions.authenticate(ctx, session.token)


async def test_only_the_hash_of_a_token_is_kept(ctx: Context, admin: Actor) -> None:
    session = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))

    rows = ctx.database.read_now(lambda connection: connection.execute(sa.select(tables.tokens)).all())

    assert session.token not in repr(rows)
    assert sha256(session.token.encode()).hexdigest() in repr(rows)
    assert session.token.startswith("mist_")
    assert len(session.token) == 49


@pytest.mark.parametrize("text", ["", "x", "mist_", "mist_" + "1" * 44, "mist_" + "x" * 4096, "mist_\udcff", "mist_é"])
async def test_what_is_no_token_is_refused(ctx: Context, admin: Actor, text: str) -> None:
    with pytest.raises(NotSignedIn):
        await sessions.authenticate(ctx, text)


async def test_signing_out_ends_this_session_only(ctx: Context, admin: Actor) -> None:
    first = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))
    second = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))
    actor = await sessions.authenticate(ctx, first.token)

    await sessions.sign_out(ctx, actor)
    await sessions.sign_out(ctx, actor)

    with pytest.raises(NotSignedIn):
        await sessions.authenticate(ctx, first.token)
    await sessions.authenticate(ctx, second.token)


async def test_an_api_token_is_not_signed_out(ctx: Context, admin: Actor) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))

    with pytest.raises(InvalidInput, match="revoke it"):
        await sessions.sign_out(ctx, await sessions.authenticate(ctx, made.token))


async def test_a_wrong_password_and_an_unknown_user_hear_the_same(ctx: Context, admin: Actor) -> None:
    assert str(await fail(ctx)) == str(await fail(ctx, "nobody@example.com")) == WRONG


async def test_an_unknown_user_costs_a_verification_too(
    ctx: Context, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(password, "hash_now", hashed.append)

    await fail(ctx, "nobody@example.com")

    assert hashed == ["wrong password"]


async def test_after_ten_failures_the_next_try_waits_longer_each_time(ctx: Context, admin: Actor, clock: Clock) -> None:
    for _ in range(10):
        assert isinstance(await fail(ctx), NotSignedIn)

    waits = []
    for _ in range(6):
        error = await fail(ctx)
        assert isinstance(error, TooManyAttempts)
        waits.append(error.facts["retry_after_s"])
        clock.pass_by(seconds=waits[-1])
        assert isinstance(await fail(ctx), NotSignedIn)

    assert waits == [61, 121, 241, 481, 901, 901]


async def test_a_blocked_try_does_not_prolong_the_wait(ctx: Context, admin: Actor, clock: Clock) -> None:
    for _ in range(100):
        await fail(ctx)

    clock.pass_by(seconds=61)

    assert (await sign_in(ctx, address="10.6.6.6")).email == EMAIL


async def test_a_thousand_guesses_at_once_are_counted_one_by_one(
    ctx: Context, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password, "MOST_WAITING", 1000)

    answers = await asyncio.gather(*(fail(ctx, address=f"10.6.{number}.1") for number in range(60)))

    assert sum(isinstance(answer, NotSignedIn) for answer in answers) == 10


async def test_guesses_from_elsewhere_do_not_lock_out_a_known_address(ctx: Context, admin: Actor) -> None:
    for number in range(30):
        await fail(ctx, address=f"10.6.{number}.1")

    assert (await sign_in(ctx, address="10.0.0.1")).email == EMAIL
    with pytest.raises(TooManyAttempts):
        await sign_in(ctx, address="10.0.0.2")


async def test_one_address_cannot_try_many_users(ctx: Context, admin: Actor) -> None:
    answers = [await fail(ctx, f"user{number}@example.com") for number in range(20)]

    assert sum(isinstance(answer, NotSignedIn) for answer in answers) == 10


async def test_an_ipv6_network_counts_as_one_address(ctx: Context, admin: Actor) -> None:
    answers = [await fail(ctx, f"user{number}@example.com", f"2001:db8::{number:x}") for number in range(20)]

    assert sum(isinstance(answer, NotSignedIn) for answer in answers) == 10


async def test_a_right_password_is_not_counted(ctx: Context, admin: Actor) -> None:
    for _ in range(30):
        await sign_in(ctx)


async def test_quiet_minutes_forget_failures(ctx: Context, admin: Actor, clock: Clock) -> None:
    for _ in range(9):
        await fail(ctx)
    clock.pass_by(minutes=16)

    for _ in range(10):
        assert isinstance(await fail(ctx), NotSignedIn)


async def test_being_blocked_is_an_event_of_the_account(ctx: Context, admin: Actor) -> None:
    for _ in range(15):
        await fail(ctx)

    found = ctx.database.read_now(events.page, admin.account_id, EventQuery(kind="user.sign_in_blocked"))

    assert [(event.outcome, event.details) for event in found] == [("failed", {"address": "10.6.6.6"})]


async def test_use_is_noted_at_most_once_a_minute(ctx: Context, admin: Actor, clock: Clock) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))
    seen = []
    for _ in range(4):
        await sessions.authenticate(ctx, made.token)
        token = ctx.database.read_now(store.get, admin.account_id, made.id)
        assert token is not None
        seen.append(token.last_used_at)
        clock.pass_by(seconds=25)

    assert seen == [START, START, START, START.replace(minute=1, second=15)]


async def test_a_full_disk_does_not_keep_anybody_from_reading(
    ctx: Context, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))

    async def full(*args: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(ctx.database, "write", full)

    assert (await sessions.authenticate(ctx, made.token)).email == EMAIL


async def test_a_smaller_role_counts_at_the_next_request(ctx: Context, admin: Actor) -> None:
    added = await users.add(ctx, admin, AddUser(email="bob@example.com", password=PASSWORD, role=Role.ADMIN))
    session = await sessions.sign_in(ctx, SignIn(email=added.email, password=PASSWORD))
    bob = await sessions.authenticate(ctx, session.token)
    made = await tokens.create(ctx, bob, CreateToken(name="ci"))

    await users.update(ctx, admin, added.id, users.UpdateUser(role=Role.VIEWER))

    assert (await sessions.authenticate(ctx, session.token)).scope is Scope.READ
    assert (await sessions.authenticate(ctx, made.token)).scope is Scope.READ
    await users.update(ctx, admin, added.id, users.UpdateUser(role=Role.OPERATOR))
    assert (await sessions.authenticate(ctx, session.token)).scope is Scope.OPERATE


async def test_a_password_changed_while_it_was_verified_does_not_sign_in(
    ctx: Context, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(known: str | None, text: str) -> bool:
        host.recover(ctx.database, EMAIL, "another password")
        return True

    monkeypatch.setattr(password, "verify_password", slow)

    with pytest.raises(NotSignedIn, match="wrong"):
        await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))


async def test_a_hash_with_old_costs_is_renewed_at_the_next_sign_in(
    ctx: Context, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stronger = type(password._hasher)(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(password, "_hasher", stronger)

    await sign_in(ctx)

    (kept,) = ctx.database.read_now(
        lambda connection: connection.execute(sa.select(tables.users.c.password_hash)).all()
    )
    assert "m=16,t=2" in kept[0]
    await sign_in(ctx)
