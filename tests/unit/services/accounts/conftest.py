"""A context with a clock that the test sets, and password hashes that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from argon2 import PasswordHasher

from mistserver.domain.account import Actor
from mistserver.services.accounts import host, password, sessions
from mistserver.services.accounts.sessions import SignIn
from mistserver.services.context import Context
from mistserver.settings import Settings
from mistserver.store.database import Database

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL = "ann@example.com"
PASSWORD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.at = START

    def pass_by(self, **amount: float) -> None:
        self.at += timedelta(**amount)


@dataclass(frozen=True)
class ClockedContext(Context):
    clock: Clock

    def now(self) -> datetime:
        return self.clock.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ctx(database: Database, clock: Clock) -> Context:
    nothing = cast(Any, None)
    return ClockedContext(Settings(), database, nothing, nothing, nothing, nothing, nothing, clock)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def sign_in(ctx: Context, email: str = EMAIL, text: str = PASSWORD, address: str = "10.0.0.1") -> Actor:
    session = await sessions.sign_in(ctx, SignIn(email=email, password=text), address)
    return await sessions.authenticate(ctx, session.token, address, "request-1")


@pytest.fixture
async def admin(ctx: Context) -> Actor:
    """The first account's first admin, signed in."""
    host.create_account(ctx.database, "Home", EMAIL, PASSWORD)
    return await sign_in(ctx)


@pytest.fixture
async def stranger(ctx: Context, admin: Actor) -> Actor:
    """The admin of another account on the same service."""
    host.create_account(ctx.database, "Elsewhere", "eve@example.org", PASSWORD)
    return await sign_in(ctx, "eve@example.org")
