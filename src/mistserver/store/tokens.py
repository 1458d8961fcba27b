"""Tokens: what a request shows instead of a password. Their text is not kept, only its hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mistserver.domain.account import Role, Scope, Token
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.tables import tokens, users

_COLUMNS = [tokens.c[name] for name in Token.__struct_fields__]


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who shows a token: what a request needs to know, read in one query."""

    token_id: str
    account_id: str
    user_id: str
    email: str
    role: Role
    scope: Scope
    expires_at: datetime | None
    last_used_at: datetime | None


def insert(connection: Connection, token: Token, account_id: str, hash: str) -> None:
    row = {name: getattr(token, name) for name in Token.__struct_fields__}
    connection.execute(sa.insert(tokens).values(row | {"account_id": account_id, "hash": hash}))


_BEARER = (
    sa.select(
        tokens.c.id,
        tokens.c.account_id,
        tokens.c.user_id,
        users.c.email,
        users.c.role,
        tokens.c.scope,
        tokens.c.expires_at,
        tokens.c.last_used_at,
    )
    .join(users, users.c.id == tokens.c.user_id)
    .where(tokens.c.hash == sa.bindparam("hash"))
)


def bearer(connection: Connection, hash: str) -> Bearer | None:
    """Whose token it is, with the user's role of this moment; expired ones are found too."""
    row = connection.execute(_BEARER, {"hash": hash}).one_or_none()
    if row is None:
        return None
    token_id, account_id, user_id, email, role, scope, expires_at, last_used_at = row
    return Bearer(
        token_id=token_id,
        account_id=account_id,
        user_id=user_id,
        email=email,
        role=Role(role),
        scope=Scope(scope),
        expires_at=expires_at,
        last_used_at=last_used_at,
    )


def get(connection: Connection, account_id: str, token_id: str) -> Token | None:
    query = sa.select(*_COLUMNS).where(tokens.c.account_id == account_id, tokens.c.id == token_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _token(row)


def page(connection: Connection, account_id: str, user_id: str | None, limit: int, cursor: str | None) -> Page[Token]:
    """Tokens from oldest to newest, of one user or of all."""
    query = _of(account_id, user_id).limit(limit + 1)
    if cursor is not None:
        query = query.where(sa.tuple_(tokens.c.created_at, tokens.c.id) > _position(cursor))
    found = [_token(row) for row in connection.execute(query)]
    return cut(found, limit, lambda token: (token.created_at, token.id))


def every(connection: Connection, account_id: str, user_id: str | None) -> list[Token]:
    return [_token(row) for row in connection.execute(_of(account_id, user_id))]


def touch(connection: Connection, token_id: str, at: datetime) -> None:
    """Note that it was used."""
    connection.execute(sa.update(tokens).where(tokens.c.id == token_id).values(last_used_at=at))


def delete(connection: Connection, token_id: str) -> bool:
    """Says whether it stood there."""
    return connection.execute(sa.delete(tokens).where(tokens.c.id == token_id)).rowcount == 1


def delete_session(connection: Connection, hash: str) -> None:
    """End the session whose token has this hash; an API token stays."""
    connection.execute(sa.delete(tokens).where(tokens.c.hash == hash, tokens.c.kind == "session"))


def delete_sessions(connection: Connection, user_id: str, keep: str = "") -> int:
    """End the user's sessions but the one with the id `keep`; how many ended."""
    gone = sa.delete(tokens).where(tokens.c.user_id == user_id, tokens.c.kind == "session", tokens.c.id != keep)
    return connection.execute(gone).rowcount


def set_session_scope(connection: Connection, user_id: str, scope: Scope) -> None:
    """What the user's sessions may do from now on; API tokens keep their own scope."""
    mine = sa.update(tokens).where(tokens.c.user_id == user_id, tokens.c.kind == "session")
    connection.execute(mine.values(scope=scope))


def delete_expired(connection: Connection, user_id: str, at: datetime) -> int:
    gone = sa.delete(tokens).where(tokens.c.user_id == user_id, tokens.c.expires_at <= at)
    return connection.execute(gone).rowcount


def _of(account_id: str, user_id: str | None) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).where(tokens.c.account_id == account_id).order_by(tokens.c.created_at, tokens.c.id)
    return query if user_id is None else query.where(tokens.c.user_id == user_id)


def _position(cursor: str) -> sa.Tuple:
    created_at, token_id = decode_cursor(cursor, tuple[datetime, str])
    return sa.tuple_(sa.literal(created_at, tokens.c.created_at.type), sa.literal(token_id))


def _token(row: Row[Any]) -> Token:
    values = dict(row._mapping)
    return Token(**values | {"scope": Scope(values["scope"])})
