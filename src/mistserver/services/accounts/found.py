"""Founding an account: its row, its first admin, and their events, in one transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Account, Role, User
from mistserver.domain.errors import AlreadyExists
from mistserver.domain.ids import new_id
from mistserver.domain.names import clean_email, clean_name
from mistserver.services.accounts.issue import actor_of
from mistserver.services.accounts.password import clean_password
from mistserver.store import accounts, events, meta, users

CODE = "setup_code"


class Founder(msgspec.Struct, frozen=True, kw_only=True):
    """Who an account is made for, checked; the password is not among it."""

    account_name: str
    email: str
    name: str


def clean(account_name: str, email: str, password: str, name: str = "") -> Founder:
    """The founder from what was typed; InvalidInput names the field that will not do."""
    address = clean_email(email)
    clean_password(password)
    return Founder(
        account_name=clean_name(account_name or address, "account"),
        email=address,
        name=clean_name(name, "user") if name.strip() else address.split("@")[0],
    )


def create(connection: Connection, founder: Founder, password_hash: str, at: datetime) -> User:
    """The new account's admin. A code for claiming the service is void from then on."""
    account = Account(id=new_id(), name=founder.account_name, created_at=at)
    user = User(
        id=new_id(), account_id=account.id, email=founder.email, name=founder.name, role=Role.ADMIN, created_at=at
    )
    accounts.insert(connection, account)
    if not users.insert(connection, user, password_hash):
        raise AlreadyExists(f"The email {user.email} is in use already; take another.", noun="user", email=user.email)
    meta.remove(connection, CODE)
    subject = ("account", account.id, account.name)
    events.record(connection, actor_of(user), "account.created", subject=subject, message="created", at=at)
    return user
