"""Users: who may change whom, and what can never be lost."""

from __future__ import annotations

import asyncio

import pytest

from mistserver.domain.account import Actor, Role, User
from mistserver.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    TooManyAttempts,
)
from mistserver.services.accounts import host, me, sessions, tokens, users
from mistserver.services.accounts.sessions import SignIn
from mistserver.services.accounts.tokens import CreateToken
from mistserver.services.accounts.users import AddUser, SetPassword, UpdateUser
from mistserver.services.context import Context
from mistserver.store import events
from mistserver.store.events import EventQuery
from tests.unit.services.accounts.conftest import EMAIL, PASSWORD, sign_in

BOB = "bob@example.com"
NEW = "battery staple"


async def add(ctx: Context, admin: Actor, role: Role = Role.VIEWER, email: str = BOB) -> User:
    return await users.add(ctx, admin, AddUser(email=email, password=PASSWORD, role=role))


async def test_an_added_user_signs_in_with_their_role(ctx: Context, admin: Actor) -> None:
    await add(ctx, admin, Role.OPERATOR)

    bob = await sign_in(ctx, BOB)

    assert (bob.account_id, bob.role) == (admin.account_id, Role.OPERATOR)
    assert [user.email for user in await users.list_all(ctx, bob)] == [EMAIL, BOB]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_only_an_admin_changes_users(ctx: Context, admin: Actor, role: Role) -> None:
    added = await add(ctx, admin, role)
    bob = await sign_in(ctx, BOB)

    with pytest.raises(Forbidden):
        await add(ctx, bob, email="carl@example.com")
    with pytest.raises(Forbidden):
        await users.update(ctx, bob, added.id, UpdateUser(role=Role.ADMIN))
    with pytest.raises(Forbidden):
        await users.delete(ctx, bob, admin.user_id)
    with pytest.raises(Forbidden):
        await users.set_password(ctx, bob, admin.user_id, SetPassword(password=NEW))


async def test_an_email_is_one_users_on_the_whole_service(ctx: Context, admin: Actor, stranger: Actor) -> None:
    await add(ctx, admin)

    with pytest.raises(AlreadyExists, match=BOB):
        await add(ctx, admin, email=" BOB@example.com")
    with pytest.raises(AlreadyExists):
        await add(ctx, stranger)


@pytest.mark.parametrize("email", ["", "bob", "bob@", "@example.com", "bob\n@example.com", "b\u202eob@ex ample.com"])
async def test_what_is_no_email_is_refused(ctx: Context, admin: Actor, email: str) -> None:
    with pytest.raises(InvalidInput):
        await add(ctx, admin, email=email)


async def test_another_accounts_user_does_not_exist_here(ctx: Context, admin: Actor, stranger: Actor) -> None:
    with pytest.raises(NotFound):
        await users.update(ctx, stranger, admin.user_id, UpdateUser(name="Eve"))
    with pytest.raises(NotFound):
        await users.delete(ctx, stranger, admin.user_id)
    with pytest.raises(NotFound):
        await users.set_password(ctx, stranger, admin.user_id, SetPassword(password=NEW))
    assert [user.email for user in await users.list_all(ctx, stranger)] == ["eve@example.org"]
    assert await users.select(ctx, stranger, EMAIL) == ("none", [])


async def test_the_last_admin_stays(ctx: Context, admin: Actor, stranger: Actor) -> None:
    with pytest.raises(Conflict, match="last admin and cannot be demoted"):
        await users.update(ctx, admin, admin.user_id, UpdateUser(role=Role.VIEWER))
    with pytest.raises(Conflict, match="last admin and cannot be deleted"):
        await users.delete(ctx, admin, admin.user_id)

    await add(ctx, admin, Role.ADMIN)
    await users.delete(ctx, admin, admin.user_id)


async def test_two_admins_that_delete_each_other_leave_one(ctx: Context, admin: Actor) -> None:
    added = await add(ctx, admin, Role.ADMIN)
    bob = await sign_in(ctx, BOB)

    answers = await asyncio.gather(
        users.delete(ctx, admin, added.id), users.delete(ctx, bob, admin.user_id), return_exceptions=True
    )

    assert sum(isinstance(answer, Conflict) for answer in answers) == 1


async def test_deleting_a_user_makes_their_tokens_void(ctx: Context, admin: Actor) -> None:
    added = await add(ctx, admin)
    session = await sessions.sign_in(ctx, SignIn(email=BOB, password=PASSWORD))
    made = await tokens.create(ctx, await sessions.authenticate(ctx, session.token), CreateToken(name="ci"))

    await users.delete(ctx, admin, added.id)

    for text in (session.token, made.token):
        with pytest.raises(NotSignedIn):
            await sessions.authenticate(ctx, text)
    with pytest.raises(NotFound):
        await users.delete(ctx, admin, added.id)


async def test_a_new_password_ends_the_other_sessions_and_keeps_api_tokens(ctx: Context, admin: Actor) -> None:
    other = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))
    this = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))
    made = await tokens.create(ctx, admin, CreateToken(name="ci"))
    actor = await sessions.authenticate(ctx, this.token)

    await users.set_password(ctx, actor, actor.user_id, SetPassword(password=NEW, current_password=PASSWORD))

    await sessions.authenticate(ctx, this.token)
    await sessions.authenticate(ctx, made.token)
    with pytest.raises(NotSignedIn):
        await sessions.authenticate(ctx, other.token)
    assert (await sign_in(ctx, text=NEW)).email == EMAIL


async def test_ones_own_password_needs_the_current_one(ctx: Context, admin: Actor) -> None:
    with pytest.raises(InvalidInput, match="current password"):
        await users.set_password(ctx, admin, admin.user_id, SetPassword(password=NEW))
    wrong = SetPassword(password=NEW, current_password="wrong password")
    for _ in range(10):
        with pytest.raises(Forbidden, match="nothing was changed"):
            await users.set_password(ctx, admin, admin.user_id, wrong)
    with pytest.raises(TooManyAttempts):
        await users.set_password(ctx, admin, admin.user_id, wrong)


async def test_an_admin_sets_anothers_password_without_the_current_one(ctx: Context, admin: Actor) -> None:
    added = await add(ctx, admin)

    await users.set_password(ctx, admin, added.id, SetPassword(password=NEW))

    assert (await sign_in(ctx, BOB, NEW)).email == BOB


async def test_users_are_picked_by_id_email_and_part_of_a_name(ctx: Context, admin: Actor) -> None:
    added = await add(ctx, admin)

    assert await users.select(ctx, admin, added.id) == ("id", [added])
    assert await users.select(ctx, admin, BOB) == ("name", [added])
    assert (await users.select(ctx, admin, "EXAMPLE"))[0] == "substring"


async def test_users_come_in_pages(ctx: Context, admin: Actor) -> None:
    for number in range(5):
        await add(ctx, admin, email=f"user{number}@example.com")

    first = await users.list_page(ctx, admin, limit=4)
    second = await users.list_page(ctx, admin, limit=4, cursor=first.next_cursor)

    assert (len(first.items), len(second.items), second.next_cursor) == (4, 2, None)
    assert [*first.items, *second.items] == await users.list_all(ctx, admin)


async def test_every_change_is_an_event_without_a_password(ctx: Context, admin: Actor) -> None:
    added = await add(ctx, admin)
    await users.update(ctx, admin, added.id, UpdateUser(name="Bob", role=Role.OPERATOR))
    await users.update(ctx, admin, added.id, UpdateUser(name="Bob"))
    await users.set_password(ctx, admin, added.id, SetPassword(password=NEW))
    await users.delete(ctx, admin, added.id)

    found = ctx.database.read_now(events.page, admin.account_id, EventQuery(subject=added.id))

    assert [event.kind for event in reversed(found)] == [
        "user.added",
        "user.updated",
        "user.password_changed",
        "user.deleted",
    ]
    assert all((event.actor, event.request_id) == (EMAIL, "request-1") for event in found)
    assert NEW not in repr(found)


async def test_a_host_sets_a_forgotten_password(ctx: Context, admin: Actor) -> None:
    session = await sessions.sign_in(ctx, SignIn(email=EMAIL, password=PASSWORD))

    host.recover(ctx.database, EMAIL, NEW)

    assert (await sign_in(ctx, text=NEW)).email == EMAIL
    with pytest.raises(NotSignedIn):
        await sessions.authenticate(ctx, session.token)
    with pytest.raises(NotFound, match="email nobody@"):
        host.recover(ctx.database, "nobody@example.com", NEW)


async def test_describing_oneself_shows_the_plan_without_limit(ctx: Context, admin: Actor) -> None:
    shown = await me.describe(ctx, admin)

    assert (shown.user.email, shown.account.name, shown.scope) == (EMAIL, "Home", "admin")
    assert (shown.user_details.name, shown.user_details.number_of_people) == ("ann", 1)
    assert (shown.current_plan.machine_limit, shown.current_plan.title) == (None, "Self-hosted")
