"""The machine of a request, with its backend and provider; NotFound for what the account does not have."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor
from mistserver.domain.errors import Conflict, NotFound
from mistserver.domain.machine import Machine
from mistserver.domain.names import visible
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.store import backends, keys, machines
from mistserver.store.backends import StoredBackend
from mistserver.store.events import Subject
from mistserver.store.keys import StoredKey


@dataclass(frozen=True)
class Found:
    """A machine and whom to ask about it."""

    machine: Machine
    stored: StoredBackend

    @property
    def provider(self) -> type[Provider]:
        """ProviderNotAvailable when it cannot be used here."""
        return registry.load(self.stored.backend.provider)

    @property
    def subject(self) -> Subject:
        return ("machine", self.machine.id, self.machine.name)

    def require_usable(self) -> None:
        """Conflict when its backend is disabled, or when the machine is not there yet."""
        if not self.stored.backend.enabled:
            raise Conflict(f"The backend {self.stored.name!r} is disabled; enable it first.", backend_id=self.stored.id)
        if not self.machine.external_id:
            raise Conflict(
                f"The machine {self.machine.name!r} is still being created; wait for its job.",
                machine_id=self.machine.id,
                state=self.machine.state,
            )


async def find(ctx: Context, actor: Actor, machine_id: str) -> Found:
    """The machine with this id."""
    return await ctx.database.read(found, actor.account_id, machine_id)


def found(connection: Connection, account_id: str, machine_id: str) -> Found:
    machine = machines.get(connection, account_id, machine_id)
    if machine is None:
        raise NotFound(f"There is no machine with the id {machine_id[:64]!r}.", noun="machine", id=machine_id)
    stored = backends.get(connection, account_id, machine.backend_id)
    if stored is None:
        raise NotFound(f"The backend of the machine {machine.name!r} is gone.", noun="backend", id=machine.backend_id)
    return Found(machine, stored)


def key_named(connection: Connection, account_id: str, name_or_id: str) -> StoredKey:
    """The key with this id or name."""
    key = keys.named(connection, account_id, name_or_id)
    if key is None:
        shown = visible(name_or_id[:64])
        raise NotFound(f"There is no key called {shown!r}.", noun="key", id=shown)
    return key
