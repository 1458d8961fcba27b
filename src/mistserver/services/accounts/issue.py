"""Making tokens: the text that is shown once, and the record that is kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import ROLE_SCOPE, Actor, Token, User
from mistserver.domain.ids import ALPHABET, new_id
from mistserver.store import tokens

PREFIX = "mist_"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What signing in gives. `token` is shown here and never again; empty when a browser keeps it as a cookie."""

    token: str
    token_id: str
    expires_at: datetime
    user: User


def new_text() -> str:
    """`mist_` and 32 random bytes in base58."""
    number = int.from_bytes(secrets.token_bytes(32), "big")
    digits: list[str] = []
    while len(digits) < 44:
        number, digit = divmod(number, 58)
        digits.append(ALPHABET[digit])
    return PREFIX + "".join(digits)


def hash_of(text: str) -> str:
    """What is kept of a token: one hash suffices, since nobody can guess 32 random bytes."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def start_session(connection: Connection, user: User, name: str, at: datetime, days: float) -> Session:
    """A new session of the user, and the end of their expired tokens."""
    tokens.delete_expired(connection, user.id, at)
    text, expires_at = new_text(), at + timedelta(days=days)
    token = Token(
        id=new_id(),
        user_id=user.id,
        name=name,
        scope=ROLE_SCOPE[user.role],
        kind="session",
        created_at=at,
        expires_at=expires_at,
        last_used_at=at,
    )
    tokens.insert(connection, token, user.account_id, hash_of(text))
    return Session(token=text, token_id=token.id, expires_at=expires_at, user=user)


def actor_of(user: User, address: str = "", request_id: str = "") -> Actor:
    """The user as the one who acts, where there is no token yet."""
    return Actor(
        account_id=user.account_id,
        user_id=user.id,
        email=user.email,
        role=user.role,
        scope=ROLE_SCOPE[user.role],
        address=address,
        request_id=request_id,
    )
