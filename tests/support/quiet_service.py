"""The parts that services work with, without a job engine: for what needs no jobs."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from mistserver.domain.account import Account, Actor, Role, Scope, User
from mistserver.domain.event import Event
from mistserver.domain.ids import new_id
from mistserver.jobs.engine import Jobs
from mistserver.monitoring.opening import embedded
from mistserver.services.context import Context
from mistserver.services.host_key_book import HostKeyBook
from mistserver.services.providers import Providers
from mistserver.settings import Settings
from mistserver.ssh.pool import Pool
from mistserver.store import accounts, events, users
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys
from mistserver.store.secrets import Vault

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Loops:
    """Stands where the engine stands, and notes the loops that are asked for."""

    names: dict[str, tuple[float, Callable[[], Awaitable[None]]]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)  # loops that another service does now
    draining: bool = False

    def loop(self, name: str, every_s: float, work: Callable[[], Awaitable[None]]) -> None:
        self.names[name] = (every_s, work)

    def has_loop(self, connection: object, name: str) -> bool:
        return name not in self.elsewhere


@dataclass(frozen=True)
class Quiet:
    """Context and an admin of an account."""

    ctx: Context
    admin: Actor
    loops: Loops

    def acting(self, scope: Scope) -> Actor:
        return msgspec.structs.replace(self.admin, scope=scope)

    def stranger(self) -> Actor:
        """An admin of another account."""
        return _admin(self.ctx.database)

    def events(self, kind: str | None = None) -> list[Event]:
        query = events.EventQuery(kind=kind, limit=1000)
        return self.ctx.database.read_now(events.page, self.admin.account_id, query)

    def kinds(self) -> list[str]:
        return [event.kind for event in reversed(self.events())]

    def read(self, work: Any, *args: Any) -> Any:
        return self.ctx.database.read_now(work, *args)

    def write(self, work: Any, *args: Any) -> Any:
        return self.ctx.database.write_now(work, *args)


def quiet_service(database: Database, **settings: Any) -> Quiet:
    """Parts on an open database with all tables."""
    vault = Vault.open(MasterKeys((MasterKey.of(secrets.token_bytes(32)),), "a test"), database)
    chosen = replace(Settings(), **settings)
    pool = Pool(HostKeyBook(database), connect_timeout_s=5, keepalive_s=5, idle_s=60)
    loops = Loops()
    ctx = Context(
        settings=chosen,
        database=database,
        vault=vault,
        ssh=pool,
        jobs=cast(Jobs, loops),
        providers=Providers(chosen),
        metrics=embedded(chosen.data_dir / "metrics"),
    )
    return Quiet(ctx, _admin(database), loops)


def _admin(database: Database) -> Actor:
    account = Account(id=new_id(), name="lab", created_at=NOW)
    email = f"{account.id.lower()}@lab.example"
    user = User(id=new_id(), account_id=account.id, email=email, name="admin", role=Role.ADMIN, created_at=NOW)
    database.write_now(accounts.insert, account)
    database.write_now(users.insert, user, "no password")
    return Actor(account_id=account.id, user_id=user.id, email=email, role=Role.ADMIN, scope=Scope.ADMIN)
