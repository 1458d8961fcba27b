"""Accounts from the service's own host: who can read the database needs no password. Blocking; for commands."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import User
from mistserver.domain.errors import NotFound
from mistserver.domain.names import clean_email
from mistserver.services.accounts import found
from mistserver.services.accounts.password import clean_password, hash_now
from mistserver.store import accounts, events, tokens, users
from mistserver.store.database import Database


def create_account(database: Database, name: str, email: str, password: str) -> User:
    """A new account with its admin; AlreadyExists when the email is in use on this service."""
    founder = found.clean(name, email, password)
    return database.write_now(found.create, founder, hash_now(password), datetime.now(UTC))


def needs_account(database: Database) -> bool:
    """Whether the service still waits for its first user."""
    return not database.read_now(accounts.any_exists)


def recover(database: Database, email: str, password: str) -> User:
    """Set a user's password and end their sessions; API tokens stay. NotFound names the email."""
    address = clean_email(email)
    password_hash = hash_now(clean_password(password))
    return database.write_now(_recover, address, password_hash, datetime.now(UTC))


def _recover(connection: Connection, email: str, password_hash: str, at: datetime) -> User:
    known = users.by_email(connection, email)
    if known is None:
        raise NotFound(f"There is no user with the email {email}.", noun="user", email=email)
    user, _ = known
    users.set_password_hash(connection, user.id, password_hash)
    ended = tokens.delete_sessions(connection, user.id)
    events.record(
        connection,
        None,
        "user.password_changed",
        account_id=user.account_id,
        subject=("user", user.id, user.email),
        message="set on the service's host; sessions ended",
        details={"sessions_ended": ended},
        at=at,
    )
    return user
