"""Adding a backend: its credentials are really tried before anything is kept."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.backend import Backend
from mistserver.domain.ids import new_id
from mistserver.domain.names import MAX_NAME, clean_name, visible
from mistserver.services import repeats
from mistserver.services.backends import access
from mistserver.services.backends.access import Access, AddressUse, Given, JumpHostInput
from mistserver.services.context import Context
from mistserver.services.host_key_book import book_of
from mistserver.services.machines import inventory
from mistserver.store import backends, events
from mistserver.store.backends import StoredBackend
from mistserver.store.host_keys import backend_owner, jump_owner
from mistserver.store.locks import lock_account


class AddBackend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`settings` are the provider's own, as `GET /providers` declares them. Without a name one is made up."""

    provider: str
    name: str | None = None
    region: str | None = None
    endpoint: str | None = None
    ca_pem: str | None = None
    settings: dict[str, Any] = {}
    jump_host: JumpHostInput | None = None
    address_use: AddressUse = "public"


async def add(ctx: Context, actor: Actor, request: AddBackend) -> Backend:
    """A new backend, whose machines are read at once in the background.

    AlreadyExists for a given name or for credentials that are there; ProviderAuthFailed and its siblings as the
    provider answers.
    """
    actor.require(Scope.ADMIN)
    name = clean_name(request.name, "backend") if request.name is not None else None
    given = Given(
        provider=request.provider,
        region=request.region,
        settings=request.settings,
        endpoint=request.endpoint,
        ca_pem=request.ca_pem,
    )
    allowed = access.checked(ctx, given)
    blank = _blank(ctx, name or _default_name(allowed), request.address_use)
    candidate = access.stored(ctx, actor.account_id, blank, allowed)
    candidate = await ctx.database.read(_before, candidate, allowed, request.jump_host, name is not None)
    try:
        await ctx.providers.call(ctx, candidate, access.try_out)
        added = await ctx.database.write(_keep, actor, candidate, name is not None)
    except BaseException:
        await ctx.database.write(backends.forget_host_keys, candidate.id)
        raise
    finally:
        ctx.providers.forget(candidate.id)
    await book_of(ctx).settle([backend_owner(added.id), jump_owner(added.id)])
    inventory.start(ctx, added)
    return added.backend


def _blank(ctx: Context, name: str, address_use: str) -> Backend:
    return Backend(
        id=new_id(),
        name=name,
        provider="",
        provider_label="",
        region=None,
        endpoint=None,
        settings={},
        enabled=True,
        state="online",
        address_use=address_use,
        jump_host=None,
        created_at=ctx.now(),
        read_at=None,
        trouble=None,
    )


def _default_name(allowed: Access) -> str:
    name = visible(allowed.provider.default_name(allowed.settings, allowed.region)).strip()
    return name[: MAX_NAME - 10] or allowed.provider.title


def _before(
    connection: Connection, candidate: StoredBackend, allowed: Access, jump: JumpHostInput | None, named: bool
) -> StoredBackend:
    """What can be refused without asking the provider; the candidate with its jump host."""
    access.require_new(connection, candidate)
    if named:
        access.require_free_name(connection, candidate.account_id, candidate.name)
    access.require_keys(connection, candidate.account_id, allowed)
    jump_host = access.jump_host(connection, candidate.account_id, jump)
    shown = msgspec.structs.replace(candidate.backend, jump_host=jump_host)
    return msgspec.structs.replace(candidate, backend=shown)


def _keep(connection: Connection, actor: Actor, candidate: StoredBackend, named: bool) -> StoredBackend:
    lock_account(connection, actor.account_id)
    access.require_new(connection, candidate)
    name = candidate.name
    if named:
        access.require_free_name(connection, actor.account_id, name)
    else:
        taken = backends.names(connection, actor.account_id)
        number = 2
        while name in taken:
            name, number = f"{candidate.name} {number}", number + 1
    stored = msgspec.structs.replace(candidate, backend=msgspec.structs.replace(candidate.backend, name=name))
    backends.insert(connection, stored)
    at = stored.backend.created_at
    repeats.keep(connection, actor, stored.id, at)
    details = {"provider": stored.backend.provider, "region": stored.backend.region}
    subject = ("backend", stored.id, name)
    events.record(connection, actor, "backend.added", subject=subject, message="added", details=details, at=at)
    return stored
