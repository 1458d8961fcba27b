"""Other credentials for a backend, in place: its machines, keys and tags stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.services.backends import access
from mistserver.services.backends.access import Access, Given
from mistserver.services.backends.get import found, get_stored
from mistserver.services.context import Context
from mistserver.services.machines import inventory
from mistserver.store import backends, events
from mistserver.store import inventory as rows
from mistserver.store.backends import StoredBackend
from mistserver.store.host_keys import backend_owner
from mistserver.store.locks import lock_account


class UpdateCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; an empty setting, endpoint or CA is taken away."""

    settings: dict[str, Any] = {}
    region: str | UnsetType | None = UNSET
    endpoint: str | UnsetType | None = UNSET
    ca_pem: str | UnsetType | None = UNSET


async def update_credentials(ctx: Context, actor: Actor, backend_id: str, request: UpdateCredentials) -> Backend:
    """Try the new credentials, then replace the old ones; when they fail the old ones stay."""
    actor.require(Scope.ADMIN)
    old = await get_stored(ctx, actor, backend_id)
    allowed = access.checked(ctx, _merged(ctx, old, request))
    candidate = access.stored(ctx, actor.account_id, old.backend, allowed)
    await ctx.database.read(_before, candidate, allowed)
    await ctx.ssh.forget(backend_owner(backend_id))  # an open connection would vouch for credentials that are wrong
    await ctx.providers.call(ctx, candidate, access.try_out)
    changed = await ctx.database.write(_keep, actor, candidate, ctx.now())
    ctx.providers.forget(backend_id)
    inventory.start(ctx, changed)
    return changed.backend


def _merged(ctx: Context, old: StoredBackend, request: UpdateCredentials) -> Given:
    secret = msgspec.json.decode(ctx.vault.unseal(old.secret, f"backend:{old.id}"))
    shown = old.backend
    return Given(
        provider=shown.provider,
        region=shown.region if request.region is UNSET else request.region,
        settings={**shown.settings, **secret, **request.settings},
        endpoint=shown.endpoint if request.endpoint is UNSET else request.endpoint,
        ca_pem=old.ca_pem if request.ca_pem is UNSET else request.ca_pem,
    )


def _before(connection: Connection, candidate: StoredBackend, allowed: Access) -> None:
    access.require_new(connection, candidate)
    access.require_keys(connection, candidate.account_id, allowed)


def _keep(connection: Connection, actor: Actor, candidate: StoredBackend, at: datetime) -> StoredBackend:
    lock_account(connection, actor.account_id)
    now = found(connection, actor.account_id, candidate.id).backend
    access.require_new(connection, candidate)
    shown = msgspec.structs.replace(
        candidate.backend, name=now.name, enabled=now.enabled, address_use=now.address_use, jump_host=now.jump_host
    )
    backends.replace_access(connection, msgspec.structs.replace(candidate, backend=shown))
    rows.bump(connection, actor.account_id)
    subject = ("backend", shown.id, shown.name)
    message = "other credentials"
    events.record(connection, actor, "backend.credentials_updated", subject=subject, message=message, at=at)
    return found(connection, actor.account_id, candidate.id)
