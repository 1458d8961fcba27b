"""The machine on which the service runs, as a backend of the first account, when the service may manage it."""

from __future__ import annotations

import logging

from mistserver.domain.account import Actor
from mistserver.domain.errors import AlreadyExists, MistError
from mistserver.providers import registry
from mistserver.services.backends import add
from mistserver.services.backends.add import AddBackend
from mistserver.services.context import Context

log = logging.getLogger(__name__)


async def add_this_host(ctx: Context, actor: Actor) -> None:
    """Add it once, so that a new service has something to manage; nothing when `manage_this_host` is off."""
    if not ctx.settings.manage_this_host:
        return
    for row in registry.own_rows():
        if not registry.declaration(row.id).manages_host:
            continue
        try:
            await add.add(ctx, actor, AddBackend(provider=row.id))
        except AlreadyExists:
            return
        except MistError as error:
            log.warning("this machine could not be added: %s", error.message)
