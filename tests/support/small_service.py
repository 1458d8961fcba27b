"""The parts of a service without its faces: database, vault, pool, jobs and providers, with one account in it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Account, Actor, Role, Scope, User
from mistserver.domain.backend import Backend
from mistserver.domain.event import Event
from mistserver.domain.ids import new_id
from mistserver.domain.job import TERMINAL, Job, JobItem
from mistserver.domain.key import Key
from mistserver.domain.machine import Machine, MachineReading, MachineState
from mistserver.jobs.engine import Jobs, JobsConfig
from mistserver.monitoring.opening import embedded
from mistserver.services.context import Context
from mistserver.services.host_key_book import HostKeyBook
from mistserver.services.providers import Providers
from mistserver.services.ssh_bridge import bridge_of
from mistserver.settings import Settings
from mistserver.ssh.pool import Pool
from mistserver.store import accounts, backends, events, inventory, job_items, job_output, jobs, keys, machines, users
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys
from mistserver.store.secrets import Vault

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Small:
    """A running service with one account, whose operator is `actor`."""

    ctx: Context
    actor: Actor

    def add_key(self, name: str, private: str, public: str, *, default: bool = False) -> Key:
        key = Key(
            id=new_id(),
            name=name,
            algorithm=public.split()[0],
            bits=256,
            public=public.strip(),
            fingerprint=f"SHA256:{name}",
            is_default=default,
            created_at=NOW,
        )
        secret = self.ctx.vault.seal(private.encode(), f"key:{key.id}")
        self.write(keys.insert, keys.StoredKey(account_id=self.actor.account_id, key=key, secret=secret))
        return key

    def add_backend(self, provider: str = "bare_metal", **changed: Any) -> backends.StoredBackend:
        """A backend of a provider; `secret` (settings to seal) and any field of the record may be given."""
        id = new_id()
        secret = msgspec.json.encode(changed.pop("secret", {}))
        values: dict[str, Any] = {
            "id": id,
            "name": f"backend-{id[:6]}",
            "provider": provider,
            "provider_label": provider,
            "region": None,
            "endpoint": None,
            "settings": {},
            "enabled": True,
            "state": "online",
            "address_use": "public",
            "jump_host": None,
            "created_at": NOW,
            "read_at": None,
            "trouble": None,
        }
        stored = backends.StoredBackend(
            account_id=self.actor.account_id,
            backend=Backend(**values | changed),
            ca_pem=None,
            secret=self.ctx.vault.seal(secret, f"backend:{id}"),
            identity=secrets.token_hex(32),
        )
        self.write(backends.insert, stored)
        return stored

    def add_machine(
        self, stored: backends.StoredBackend, name: str = "db", host: str = "127.0.0.1", **changed: Any
    ) -> Machine:
        """A machine that a reading showed, running, at `host`."""
        values: dict[str, Any] = {"external_id": new_id(), "state": MachineState.RUNNING, "public_ips": (host,)}
        reading = MachineReading(name=name, **values | changed)
        machine_id = self.write(inventory.put_reading, stored, reading, NOW)
        return self.machine(machine_id)

    def machine(self, machine_id: str) -> Machine:
        found = self.find_machine(machine_id)
        assert found is not None
        return found

    def find_machine(self, machine_id: str) -> Machine | None:
        return self.read(machines.get, self.actor.account_id, machine_id)

    def job(self, job_id: str) -> Job:
        found = self.read(jobs.get, self.actor.account_id, job_id)
        assert found is not None
        return found

    async def ended(self, job_id: str, within_s: float = 60.0) -> Job:
        """The job once it has ended."""
        async with asyncio.timeout(within_s):
            with self.ctx.jobs.signals.watch(jobs.topic(job_id)) as watch:
                while (job := self.job(job_id)).state not in TERMINAL:
                    await watch.wait(1.0)
        return job

    def items(self, job_id: str) -> dict[str, JobItem]:
        """The results of a job with their outputs, by the machine's name."""
        found = {}
        for _, item in self.read(job_items.page, job_id, job_items.ItemQuery(limit=10_000)):
            stdout, stderr = (self.output(job_id, item.machine_id, stream) for stream in ("stdout", "stderr"))
            found[item.machine_name] = msgspec.structs.replace(item, stdout=stdout, stderr=stderr)
        return found

    def output(self, job_id: str, machine_id: str, stream: str) -> str:
        pieces = self.read(job_output.after, job_id, 0, 1_000_000)
        return "".join(p.data for p in pieces if (p.machine_id, p.stream) == (machine_id, stream))

    def events(self, kind: str | None = None) -> list[Event]:
        return self.read(events.page, self.actor.account_id, events.EventQuery(kind=kind, limit=1000))

    def read(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ctx.database.read_now(work, *args, **kwargs)

    def write(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ctx.database.write_now(work, *args, **kwargs)

    def as_role(self, role: Role, scope: Scope) -> Actor:
        return msgspec.structs.replace(self.actor, role=role, scope=scope)

    def as_stranger(self) -> Actor:
        """An admin of another account."""
        return _found(self.ctx.database, "stranger")


@asynccontextmanager
async def small_service(url: str, master: bytes | None = None, **settings: Any) -> AsyncIterator[Small]:
    """A service on a database with all tables; `settings` differ from the defaults.

    Another one on the same database needs the same `master` key. Each has an account of its own.
    """
    database = Database(url)
    vault = Vault.open(MasterKeys((MasterKey.of(master or secrets.token_bytes(32)),), "a test"), database)
    chosen = replace(Settings(), **settings)
    pool = Pool(
        HostKeyBook(database),
        connect_timeout_s=chosen.ssh_connect_timeout_s,
        keepalive_s=chosen.ssh_keepalive_s,
        idle_s=chosen.ssh_idle_s,
    )
    engine = Jobs(database, vault, JobsConfig(concurrency=chosen.job_concurrency, drain_s=5.0))
    ctx = Context(
        settings=chosen,
        database=database,
        vault=vault,
        ssh=pool,
        jobs=engine,
        providers=Providers(chosen, bridge_of),
        metrics=embedded(chosen.data_dir / "metrics"),
    )
    engine.bind(ctx)
    await engine.start()
    try:
        yield Small(ctx, _found(database, "operator"))
    finally:
        await engine.drain()
        await pool.close()
        await ctx.metrics.close()
        database.close()


def _found(database: Database, name: str) -> Actor:
    account = Account(id=new_id(), name=name, created_at=NOW)
    role = Role.OPERATOR if name == "operator" else Role.ADMIN
    scope = Scope.OPERATE if name == "operator" else Scope.ADMIN
    user = User(id=new_id(), account_id=account.id, email=f"{account.id}@lab", name=name, role=role, created_at=NOW)

    def found(connection: Connection) -> None:
        accounts.insert(connection, account)
        users.insert(connection, user, "no password")

    database.write_now(found)
    return Actor(account_id=account.id, user_id=user.id, email=user.email, role=role, scope=scope)
