"""Signing in and out, and finding out who a request comes from."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import ROLE_SCOPE, Actor, User, narrower
from mistserver.domain.errors import InvalidInput, NotSignedIn, Unavailable
from mistserver.domain.names import clean_email, clean_name
from mistserver.services.accounts import limits, password, setup
from mistserver.services.accounts.issue import PREFIX, Session, actor_of, hash_of, start_session
from mistserver.services.accounts.setup import Claim
from mistserver.services.context import Context
from mistserver.store import events, tokens, users

__all__ = ["Session", "SignIn", "authenticate", "is_good", "sign_in", "sign_out"]

TOUCHED_EVERY = timedelta(minutes=1)
LONGEST_TOKEN = 200


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` is what the session is called in listings, in the API by default after the client.

    `code` claims a service that has no user yet.
    """

    email: str
    password: str
    code: str | None = None
    name: str | None = None


class _Caller(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    request_id: str
    session_name: str
    replaces: str


async def sign_in(
    ctx: Context, request: SignIn, address: str = "", request_id: str = "", replaces: str = ""
) -> Session:
    """A session for an email and password. Who has no account hears what a wrong password hears, as late.

    The session with the token `replaces` ends, if it is one: a browser has one place for a token.
    """
    name = clean_name(request.name, "session") if request.name else "session"
    waits_for_claim = (await setup.needed(ctx)).needed
    if waits_for_claim:
        if not request.code:
            raise NotSignedIn("This service has no user yet; give the one-time code that it printed when it started.")
        claim = Claim(code=request.code, email=request.email, password=request.password)
        return await setup.claim(ctx, claim, address, request_id, name)
    email = clean_email(request.email)
    caller = _Caller(address=address, request_id=request_id, session_name=name, replaces=replaces)
    last = await ctx.database.write(limits.count_try, email, address, ctx.now())
    known = await ctx.database.read(users.by_email, email)
    right = await password.verify_password(known[1] if known else None, request.password[: password.LONGEST + 1])
    if known is None or not right:
        if known is not None and last:
            await ctx.database.write(_record_block, known[0], caller, ctx.now())
        raise _wrong()
    if password.is_outdated(known[1]):
        known = known[0], await _renew_hash(ctx, known, request.password)
    return await ctx.database.write(_start, known, caller, ctx.now(), ctx.settings.session_days)


async def sign_out(ctx: Context, actor: Actor) -> None:
    """End the session that asks. An API token is not a session: revoke it by its id."""
    await ctx.database.write(_end, actor, ctx.now())


async def authenticate(ctx: Context, bearer: str, address: str = "", request_id: str = "") -> Actor:
    """Who the token belongs to and what it may do at this moment; NotSignedIn says what is wrong with it."""
    if not bearer.startswith(PREFIX) or len(bearer) > LONGEST_TOKEN:
        raise NotSignedIn(f"That is not a token of Mist, which begins with {PREFIX}; sign in to get one.")
    now = ctx.now()
    found = await ctx.database.read(tokens.bearer, hash_of(bearer))
    if found is None:
        raise NotSignedIn("The token is not valid any more, or never was; sign in again.")
    if found.expires_at is not None and found.expires_at <= now:
        raise NotSignedIn(f"The token expired at {found.expires_at:%Y-%m-%d %H:%M} UTC; sign in again.")
    if found.last_used_at is None or now - found.last_used_at >= TOUCHED_EVERY:
        with suppress(Unavailable):  # a full disk must not keep anybody from reading
            await ctx.database.write(tokens.touch, found.token_id, now)
    return Actor(
        account_id=found.account_id,
        user_id=found.user_id,
        email=found.email,
        role=found.role,
        scope=narrower(found.scope, ROLE_SCOPE[found.role]),
        token_id=found.token_id,
        address=address,
        request_id=request_id,
    )


async def is_good(ctx: Context, actor: Actor) -> bool:
    """Whether the session or token that the actor came with still is one, and its user still there."""
    return await ctx.database.read(_is_good, actor, ctx.now())


def _is_good(connection: Connection, actor: Actor, at: datetime) -> bool:
    token = tokens.get(connection, actor.account_id, actor.token_id)
    if token is None or (token.expires_at is not None and token.expires_at <= at):
        return False
    return users.get(connection, actor.account_id, actor.user_id) is not None


async def _renew_hash(ctx: Context, known: tuple[User, str], text: str) -> str:
    """The password's hash with today's costs, kept unless the password was changed meanwhile."""
    new = await password.hash_password(text)
    kept = await ctx.database.write(users.replace_password_hash, known[0].id, known[1], new)
    return new if kept else known[1]


def _start(connection: Connection, known: tuple[User, str], caller: _Caller, at: datetime, days: float) -> Session:
    again = users.by_email(connection, known[0].email)
    if again is None or again[1] != known[1]:
        raise _wrong()  # deleted, or given another password, while this one was verified
    user = again[0]
    limits.take_back(connection, user.email, caller.address, at)
    if caller.replaces:
        tokens.delete_session(connection, hash_of(caller.replaces))
    session = start_session(connection, user, caller.session_name, at, days)
    actor = actor_of(user, caller.address, caller.request_id)
    subject = ("user", user.id, user.email)
    details = {"address": caller.address, "session": session.token_id}
    message = f"signed in from {caller.address or 'an unknown address'}"
    events.record(connection, actor, "user.signed_in", subject=subject, message=message, details=details, at=at)
    return session


def _end(connection: Connection, actor: Actor, at: datetime) -> None:
    token = tokens.get(connection, actor.account_id, actor.token_id)
    if token is None:
        return
    if token.kind != "session":
        raise InvalidInput(f"You act with the token '{token.name}', not with a session; revoke it by its id.")
    tokens.delete(connection, token.id)
    subject = ("user", actor.user_id, actor.email)
    events.record(connection, actor, "user.signed_out", subject=subject, message="signed out", at=at)


def _record_block(connection: Connection, user: User, caller: _Caller, at: datetime) -> None:
    events.record(
        connection,
        None,
        "user.sign_in_blocked",
        account_id=user.account_id,
        subject=("user", user.id, user.email),
        outcome="failed",
        message=f"{limits.FREE} wrong passwords; further tries have to wait",
        details={"address": caller.address},
        at=at,
    )


def _wrong() -> NotSignedIn:
    return NotSignedIn("The email or the password is wrong.")
