"""Changing a backend: its name, whether it is used, and how its machines are reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.domain.names import clean_name
from mistserver.services.backends import access
from mistserver.services.backends.access import AddressUse, JumpHostInput
from mistserver.services.backends.get import found, get_stored
from mistserver.services.context import Context
from mistserver.services.machines import inventory
from mistserver.store import backends, events
from mistserver.store import inventory as rows
from mistserver.store.backends import StoredBackend
from mistserver.store.host_keys import jump_owner
from mistserver.store.locks import lock_account


class UpdateBackend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; `jump_host` null takes it away."""

    name: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    address_use: AddressUse | UnsetType = UNSET
    jump_host: JumpHostInput | UnsetType | None = UNSET


async def update(ctx: Context, actor: Actor, backend_id: str, request: UpdateBackend) -> Backend:
    """Change what is given. A new jump host is tried first."""
    actor.require(Scope.ADMIN)
    old = await get_stored(ctx, actor, backend_id)
    changes = await ctx.database.read(_changes, old, request)
    if "jump_host" in changes:
        candidate = msgspec.structs.replace(old, backend=msgspec.structs.replace(old.backend, **changes))
        await ctx.ssh.forget(jump_owner(backend_id))
        await ctx.providers.call(ctx, candidate, access.try_out)
    if not changes:
        return old.backend
    changed = await ctx.database.write(_keep, actor, backend_id, changes, ctx.now())
    if changes.get("enabled") or "jump_host" in changes:
        inventory.start(ctx, changed)
    return changed.backend


def _changes(connection: Connection, old: StoredBackend, request: UpdateBackend) -> dict[str, Any]:
    """The fields that really change."""
    wanted: dict[str, Any] = {}
    if request.name is not UNSET:
        wanted["name"] = clean_name(request.name, "backend")
    if request.enabled is not UNSET:
        wanted["enabled"] = request.enabled
    if request.address_use is not UNSET:
        wanted["address_use"] = request.address_use
    if request.jump_host is not UNSET:
        wanted["jump_host"] = access.jump_host(connection, old.account_id, request.jump_host)
    if "name" in wanted:
        access.require_free_name(connection, old.account_id, wanted["name"], old.id)
    return {name: value for name, value in wanted.items() if getattr(old.backend, name) != value}


def _keep(
    connection: Connection, actor: Actor, backend_id: str, changes: dict[str, Any], at: datetime
) -> StoredBackend:
    lock_account(connection, actor.account_id)
    old = found(connection, actor.account_id, backend_id)
    if "name" in changes:
        access.require_free_name(connection, actor.account_id, changes["name"], backend_id)
    columns = {"jump" if name == "jump_host" else name: value for name, value in changes.items()}
    backends.update(connection, backend_id, **columns)
    rows.bump(connection, actor.account_id)
    subject = ("backend", backend_id, changes.get("name", old.name))
    for kind, message in _happened(old, changes):
        events.record(connection, actor, kind, subject=subject, message=message, at=at)
    return found(connection, actor.account_id, backend_id)


def _happened(old: StoredBackend, changes: dict[str, Any]) -> list[tuple[str, str]]:
    happened = []
    if "name" in changes:
        happened.append(("backend.renamed", f"was {old.name}"))
    words = [f"changed {name}" for name in ("address_use", "jump_host") if name in changes]
    if "enabled" in changes:
        words.insert(0, "enabled" if changes["enabled"] else "disabled")
    if words:
        happened.append(("backend.updated", ", ".join(words)))
    return happened
