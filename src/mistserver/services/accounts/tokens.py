"""API tokens: made with a name, a scope and an expiry, shown once, revoked at any time."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope, Token, narrower
from mistserver.domain.errors import Forbidden, InvalidInput, NotFound, NotSignedIn
from mistserver.domain.ids import new_id
from mistserver.domain.names import clean_name
from mistserver.domain.page import Page, clean_limit
from mistserver.domain.selector import select as pick
from mistserver.services.accounts.issue import hash_of, new_text
from mistserver.services.context import Context
from mistserver.store import events, tokens

LONGEST_S = 100 * 365 * 86400


class CreateToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scope` is by default as wide as one's own; `expires_in_s` None: valid until it is revoked."""

    name: str
    scope: Scope | None = None
    expires_in_s: int | None = None


class NewToken(Token, frozen=True, kw_only=True):
    """A token with its text, which is shown here and never again."""

    token: str


class _Named(msgspec.Struct, frozen=True):
    token: Token

    def ids(self) -> list[str]:
        return [self.token.id]

    def names(self) -> list[str]:
        return [self.token.name]

    def searched(self) -> list[str]:
        return [self.token.name]


async def create(ctx: Context, actor: Actor, request: CreateToken) -> NewToken:
    """A token of the actor, never wider than the one that asks, and never valid for longer than that one if it ends.

    A session may make tokens that outlive it.
    """
    actor.require(Scope.READ)
    scope = request.scope or actor.scope
    if narrower(scope, actor.scope) != scope:
        raise Forbidden(f"You act with the scope '{actor.scope}' and cannot make a token with '{scope}'.", scope=scope)
    seconds = request.expires_in_s
    if seconds is not None and not 1 <= seconds <= LONGEST_S:
        raise InvalidInput(f"A token expires after 1 to {LONGEST_S} seconds, not {seconds}.", field="expires_in_s")
    now, text = ctx.now(), new_text()
    token = Token(
        id=new_id(),
        user_id=actor.user_id,
        name=clean_name(request.name, "token"),
        scope=scope,
        kind="token",
        created_at=now,
        expires_at=None if seconds is None else now + timedelta(seconds=seconds),
        last_used_at=None,
    )
    token = await ctx.database.write(_create, actor, token, hash_of(text))
    return NewToken(**msgspec.structs.asdict(token), token=text)


async def list_all(ctx: Context, actor: Actor) -> list[Token]:
    """One's own tokens and sessions; with the scope admin, those of the whole account."""
    actor.require(Scope.READ)
    return await ctx.database.read(tokens.every, actor.account_id, _whose(actor))


async def list_page(ctx: Context, actor: Actor, limit: int | None = None, cursor: str | None = None) -> Page[Token]:
    """`list_all` a page at a time, oldest first."""
    actor.require(Scope.READ)
    return await ctx.database.read(tokens.page, actor.account_id, _whose(actor), clean_limit(limit), cursor)


async def select(ctx: Context, actor: Actor, term: str) -> tuple[str, list[Token]]:
    """How a typed id or name matches, and the tokens it picks."""
    level, found = pick(term, [_Named(token) for token in await list_all(ctx, actor)])
    return level, [named.token for named in found]


async def revoke(ctx: Context, actor: Actor, token_id: str) -> None:
    """Make a token or session void at once: one's own, or, with the scope admin, anybody's."""
    actor.require(Scope.READ)
    await ctx.database.write(_revoke, actor, token_id, ctx.now())


def _whose(actor: Actor) -> str | None:
    return None if actor.scope is Scope.ADMIN else actor.user_id


def _create(connection: Connection, actor: Actor, token: Token, hash: str) -> Token:
    parent = tokens.get(connection, actor.account_id, actor.token_id)
    if parent is None:
        raise NotSignedIn("The token you act with was revoked a moment ago; sign in again.")
    if parent.kind != "session" and parent.expires_at is not None:
        until = min(token.expires_at or parent.expires_at, parent.expires_at)
        token = msgspec.structs.replace(token, expires_at=until)
    tokens.insert(connection, token, actor.account_id, hash)
    message = f"made with the scope {token.scope}"
    details = {"scope": token.scope, "expires_at": token.expires_at}
    subject = ("token", token.id, token.name)
    at = token.created_at
    events.record(connection, actor, "token.created", subject=subject, message=message, details=details, at=at)
    return token


def _revoke(connection: Connection, actor: Actor, token_id: str, at: datetime) -> None:
    token = tokens.get(connection, actor.account_id, token_id)
    if token is None or _whose(actor) not in (None, token.user_id):
        raise NotFound(f"There is no token with the id {token_id[:64]!r}.", noun="token", id=token_id)
    tokens.delete(connection, token_id)
    subject = ("token", token.id, token.name)
    events.record(connection, actor, "token.revoked", subject=subject, message="revoked", at=at)
