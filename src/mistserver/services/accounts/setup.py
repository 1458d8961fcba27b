"""The first user of a service: whoever has the one-time code that the service printed on its own host."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Role
from mistserver.domain.errors import Conflict, NotSignedIn
from mistserver.domain.ids import ALPHABET
from mistserver.services.accounts import found
from mistserver.services.accounts.found import Founder
from mistserver.services.accounts.issue import Session, actor_of, hash_of, start_session
from mistserver.services.accounts.password import hash_password
from mistserver.services.context import Context
from mistserver.store import accounts, events, meta
from mistserver.store.database import Database

CODE = found.CODE


class SetupState(msgspec.Struct, frozen=True, kw_only=True):
    needed: bool


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`account_name` is by default the user's email."""

    code: str
    email: str
    password: str
    name: str = ""
    account_name: str = ""


async def needed(ctx: Context) -> SetupState:
    """Whether the service still waits for its first user."""
    return SetupState(needed=not await ctx.database.read(accounts.any_exists))


def new_code(database: Database) -> str | None:
    """A fresh code in place of the one before, or None when the service has its first user (blocking; at start)."""
    groups = ["".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4)]
    code = "-".join(groups)
    return code if database.write_now(_keep_code, code) else None


async def claim(
    ctx: Context, request: Claim, address: str = "", request_id: str = "", session_name: str = "setup"
) -> Session:
    """Create the first account and its admin, signed in. Exactly one caller with the right code succeeds."""
    founder = found.clean(request.account_name, request.email, request.password, request.name)
    await ctx.database.read(_check_code, request.code)  # before the costly hash
    password_hash = await hash_password(request.password)
    asking = _Asking(request.code, address, request_id, session_name)
    return await ctx.database.write(_claim, asking, founder, password_hash, (ctx.now(), ctx.settings.session_days))


class _Asking(msgspec.Struct, frozen=True):
    code: str
    address: str
    request_id: str
    session_name: str


def _claim(
    connection: Connection, asking: _Asking, founder: Founder, password_hash: str, when: tuple[datetime, float]
) -> Session:
    at, days = when
    _check_code(connection, asking.code)
    if not meta.remove(connection, CODE):
        raise _claimed()
    user = found.create(connection, founder, password_hash, at)
    session = start_session(connection, user, asking.session_name, at, days)
    actor = actor_of(user, asking.address, asking.request_id)
    subject = ("user", user.id, user.email)
    details = {"address": asking.address, "role": Role.ADMIN}
    message = "claimed the service with its one-time code"
    events.record(connection, actor, "account.claimed", subject=subject, message=message, details=details, at=at)
    return session


def _check_code(connection: Connection, code: str) -> None:
    kept = meta.get(connection, CODE)
    if kept is not None and hmac.compare_digest(kept, hash_of(code.strip()).encode()):
        return
    if accounts.any_exists(connection):  # asked last: whoever creates the account takes the code away with it
        raise _claimed()
    raise NotSignedIn("That is not the one-time code; the service printed it when it started, on its own host.")


def _claimed() -> Conflict:
    return Conflict("This service has its first user already; sign in, or ask an admin for access.")


def _keep_code(connection: Connection, code: str) -> bool:
    if accounts.any_exists(connection):
        meta.remove(connection, CODE)
        return False
    meta.put(connection, CODE, hash_of(code).encode())
    return True
