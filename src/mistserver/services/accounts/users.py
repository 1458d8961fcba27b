"""The users of an account: added, listed, changed and deleted by its admins, each with a password of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import ROLE_SCOPE, Actor, Role, Scope, User
from mistserver.domain.errors import AlreadyExists, Conflict, Forbidden, InvalidInput, NotFound
from mistserver.domain.ids import new_id
from mistserver.domain.names import clean_email, clean_name
from mistserver.domain.page import Page, clean_limit
from mistserver.domain.selector import select as pick
from mistserver.services.accounts import limits
from mistserver.services.accounts.password import clean_password, hash_password, verify_password
from mistserver.services.context import Context
from mistserver.store import events, tokens, users
from mistserver.store.locks import lock_account


class AddUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: str
    password: str
    role: Role = Role.VIEWER
    name: str = ""


class UpdateUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    role: Role | None = None
    name: str | None = None


class SetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`current_password` is needed for one's own."""

    password: str
    current_password: str | None = None


class _Named(msgspec.Struct, frozen=True):
    user: User

    def ids(self) -> list[str]:
        return [self.user.id]

    def names(self) -> list[str]:
        return [self.user.email, self.user.name]

    def searched(self) -> list[str]:
        return [self.user.email, self.user.name]


async def add(ctx: Context, actor: Actor, request: AddUser) -> User:
    """Give another person access, with a role."""
    actor.require(Scope.ADMIN)
    email = clean_email(request.email)
    name = clean_name(request.name, "user") if request.name.strip() else email.split("@")[0]
    password_hash = await hash_password(clean_password(request.password))
    user = User(
        id=new_id(), account_id=actor.account_id, email=email, name=name, role=request.role, created_at=ctx.now()
    )
    return await ctx.database.write(_add, actor, user, password_hash)


async def list_all(ctx: Context, actor: Actor) -> list[User]:
    """Every user of the account, by email."""
    actor.require(Scope.READ)
    return await ctx.database.read(users.every, actor.account_id)


async def list_page(ctx: Context, actor: Actor, limit: int | None = None, cursor: str | None = None) -> Page[User]:
    """Users by email, a page at a time."""
    actor.require(Scope.READ)
    return await ctx.database.read(users.page, actor.account_id, clean_limit(limit), cursor)


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[User]]:
    """How a typed id, email or name matches, and the users it picks."""
    level, found = pick(term, [_Named(user) for user in await list_all(ctx, actor)])
    return level, [named.user for named in found]


async def update(ctx: Context, actor: Actor, user_id: str, request: UpdateUser) -> User:
    """Change name or role. The last admin stays one."""
    actor.require(Scope.ADMIN)
    if request.name is not None:
        clean_name(request.name, "user")
    return await ctx.database.write(_update, actor, user_id, request, ctx.now())


async def delete(ctx: Context, actor: Actor, user_id: str) -> None:
    """Take a user's access away: their sessions and tokens are void at once. The last admin stays."""
    actor.require(Scope.ADMIN)
    await ctx.database.write(_delete, actor, user_id, ctx.now())


async def set_password(ctx: Context, actor: Actor, user_id: str, request: SetPassword) -> None:
    """One's own with the current one, another's as admin; the user's other sessions end."""
    own = user_id == actor.user_id
    if not own:
        actor.require(Scope.ADMIN)
    clean_password(request.password)
    await ctx.database.read(_existing, actor, user_id)
    if own:
        await _check_own(ctx, actor, request.current_password)
    password_hash = await hash_password(request.password)
    await ctx.database.write(_set_password, actor, user_id, password_hash, ctx.now())


async def _check_own(ctx: Context, actor: Actor, current: str | None) -> None:
    if not current:
        raise InvalidInput("Give the current password too, to change your own.", field="current_password")
    await ctx.database.write(limits.count_try, actor.email, actor.address, ctx.now())
    known = await ctx.database.read(users.password_hash, actor.user_id)
    if not await verify_password(known, current):
        raise Forbidden("The current password is wrong; nothing was changed.")
    await ctx.database.write(limits.take_back, actor.email, actor.address, ctx.now())


def _add(connection: Connection, actor: Actor, user: User, password_hash: str) -> User:
    if not users.insert(connection, user, password_hash):
        raise AlreadyExists(f"The email {user.email} is in use already; take another.", noun="user", email=user.email)
    details: dict[str, Any] = {"role": user.role}
    _record(connection, actor, "user.added", user, (f"added as {user.role}", details, user.created_at))
    return user


def _update(connection: Connection, actor: Actor, user_id: str, request: UpdateUser, at: datetime) -> User:
    lock_account(connection, actor.account_id)
    before = _existing(connection, actor, user_id)
    after = msgspec.structs.replace(
        before,
        name=before.name if request.name is None else clean_name(request.name, "user"),
        role=request.role or before.role,
    )
    if after == before:
        return before
    if after.role != before.role:
        _check_an_admin_stays(connection, before, "demoted")
        tokens.set_session_scope(connection, user_id, ROLE_SCOPE[after.role])
    users.update(connection, after)
    details = {name: getattr(after, name) for name in ("name", "role") if getattr(after, name) != getattr(before, name)}
    message = "changed " + " and ".join(details)
    _record(connection, actor, "user.updated", after, (message, details, at))
    return after


def _delete(connection: Connection, actor: Actor, user_id: str, at: datetime) -> None:
    lock_account(connection, actor.account_id)
    user = _existing(connection, actor, user_id)
    _check_an_admin_stays(connection, user, "deleted")
    users.delete(connection, user_id)
    _record(connection, actor, "user.deleted", user, ("deleted with all tokens", {}, at))


def _set_password(connection: Connection, actor: Actor, user_id: str, password_hash: str, at: datetime) -> None:
    user = _existing(connection, actor, user_id)
    users.set_password_hash(connection, user_id, password_hash)
    ended = tokens.delete_sessions(connection, user_id, keep=actor.token_id)
    message = "set a new password; other sessions ended"
    _record(connection, actor, "user.password_changed", user, (message, {"sessions_ended": ended}, at))


def _existing(connection: Connection, actor: Actor, user_id: str) -> User:
    user = users.get(connection, actor.account_id, user_id)
    if user is None:
        raise NotFound(f"There is no user with the id {user_id[:64]!r}.", noun="user", id=user_id)
    return user


def _check_an_admin_stays(connection: Connection, user: User, done: str) -> None:
    if user.role is Role.ADMIN and users.count(connection, user.account_id, Role.ADMIN) == 1:
        raise Conflict(f"{user.email} is the account's last admin and cannot be {done}; make another user admin first.")


def _record(
    connection: Connection, actor: Actor, kind: str, user: User, what: tuple[str, dict[str, Any], datetime]
) -> None:
    message, details, at = what
    subject = ("user", user.id, user.email)
    events.record(connection, actor, kind, subject=subject, message=message, details=details, at=at)
