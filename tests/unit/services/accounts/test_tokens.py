"""API tokens: never wider and, from an ending token, never longer than what made them."""

from __future__ import annotations

import pytest

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from mistserver.services.accounts import sessions, tokens, users
from mistserver.services.accounts.tokens import CreateToken
from mistserver.services.accounts.users import AddUser
from mistserver.services.context import Context
from mistserver.store import events
from mistserver.store.events import EventQuery
from tests.unit.services.accounts.conftest import PASSWORD, START, Clock, sign_in


async def make_viewer(ctx: Context, admin: Actor) -> Actor:
    await users.add(ctx, admin, AddUser(email="vic@example.com", password=PASSWORD))
    return await sign_in(ctx, "vic@example.com")


async def test_a_token_acts_with_its_scope(ctx: Context, admin: Actor) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci", scope=Scope.OPERATE))

    actor = await sessions.authenticate(ctx, made.token)

    assert (actor.user_id, actor.scope, actor.role) == (admin.user_id, Scope.OPERATE, Role.ADMIN)
    with pytest.raises(Forbidden):
        actor.require(Scope.ADMIN)


async def test_a_token_is_never_wider_than_what_makes_it(ctx: Context, admin: Actor) -> None:
    viewer = await make_viewer(ctx, admin)

    with pytest.raises(Forbidden, match="scope 'read'"):
        await tokens.create(ctx, viewer, CreateToken(name="ci", scope=Scope.OPERATE))
    assert (await tokens.create(ctx, viewer, CreateToken(name="ci"))).scope is Scope.READ


async def test_a_token_expires(ctx: Context, admin: Actor, clock: Clock) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci", expires_in_s=60))

    clock.pass_by(seconds=59)
    await sessions.authenticate(ctx, made.token)
    clock.pass_by(seconds=1)
    with pytest.raises(NotSignedIn, match="expired"):
        await sessions.authenticate(ctx, made.token)


@pytest.mark.parametrize("seconds", [0, -1, 10**12])
async def test_impossible_expiries_are_refused(ctx: Context, admin: Actor, seconds: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        await tokens.create(ctx, admin, CreateToken(name="ci", expires_in_s=seconds))

    assert caught.value.facts["field"] == "expires_in_s"


async def test_a_token_that_ends_makes_none_that_outlives_it(ctx: Context, admin: Actor) -> None:
    short = await tokens.create(ctx, admin, CreateToken(name="short", expires_in_s=60))
    actor = await sessions.authenticate(ctx, short.token)

    made = [await tokens.create(ctx, actor, CreateToken(name="x", expires_in_s=wish)) for wish in (None, 3600, 10)]

    assert [(token.expires_at - START).seconds for token in made if token.expires_at] == [60, 60, 10]


async def test_a_revoked_token_is_void_at_once(ctx: Context, admin: Actor) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))

    await tokens.revoke(ctx, admin, made.id)

    with pytest.raises(NotSignedIn):
        await sessions.authenticate(ctx, made.token)
    with pytest.raises(NotFound):
        await tokens.revoke(ctx, admin, made.id)


async def test_one_sees_and_revokes_ones_own_and_an_admin_all(ctx: Context, admin: Actor) -> None:
    viewer = await make_viewer(ctx, admin)
    made = await tokens.create(ctx, viewer, CreateToken(name="vics"))
    admins = await tokens.create(ctx, admin, CreateToken(name="admins"))

    assert {token.name for token in await tokens.list_all(ctx, viewer)} == {"session", "vics"}
    assert {token.name for token in await tokens.list_all(ctx, admin)} == {"session", "vics", "admins"}
    assert await tokens.select(ctx, viewer, "admins") == ("none", [])
    with pytest.raises(NotFound):
        await tokens.revoke(ctx, viewer, admins.id)
    await tokens.revoke(ctx, admin, made.id)


async def test_another_accounts_token_does_not_exist_here(ctx: Context, admin: Actor, stranger: Actor) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))

    with pytest.raises(NotFound):
        await tokens.revoke(ctx, stranger, made.id)
    assert made.id not in {token.id for token in await tokens.list_all(ctx, stranger)}


async def test_tokens_come_in_pages(ctx: Context, admin: Actor, clock: Clock) -> None:
    for number in range(5):
        clock.pass_by(seconds=number % 2)
        await tokens.create(ctx, admin, CreateToken(name=f"t{number}"))

    seen, cursor = [], None
    while True:
        page = await tokens.list_page(ctx, admin, limit=2, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == await tokens.list_all(ctx, admin)


async def test_making_and_revoking_are_events_without_the_text(ctx: Context, admin: Actor) -> None:
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))
    await tokens.revoke(ctx, admin, made.id)

    found = ctx.database.read_now(events.page, admin.account_id, EventQuery(subject=made.id))

    assert [event.kind for event in found] == ["token.revoked", "token.created"]
    assert made.token not in repr(found)
