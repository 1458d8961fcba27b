"""Adding a channel that alerts are told on."""

from __future__ import annotations

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.alert import Channel
from mistserver.domain.errors import AlreadyExists, InvalidInput
from mistserver.domain.ids import new_id
from mistserver.domain.names import clean_name
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.store import channels, events
from mistserver.store.locks import lock_account

_LONGEST_URL = 4096


class AddChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` says where and how, with its passwords and tokens: https://appriseit.com/services/."""

    name: str
    url: str

    def __repr__(self) -> str:
        return f"AddChannel(name={self.name!r})"


async def add(ctx: Context, actor: Actor, request: AddChannel) -> Channel:
    """Keep a channel; its URL is sealed and shown to nobody again. Nothing is sent yet."""
    from mistserver.notify import receivers

    actor.require(Scope.ADMIN)
    name, url = clean_name(request.name, "channel"), request.url.strip()
    if not 0 < len(url) <= _LONGEST_URL or not url.isprintable():
        raise InvalidInput(f"The URL of a channel has 1 to {_LONGEST_URL} visible characters.", field="url")
    channel = Channel(id=new_id(), name=name, kind=receivers.kind_of(url), created_at=ctx.now())
    secret = ctx.vault.seal(url.encode(), f"channel:{channel.id}")
    await ctx.database.write(_add, actor, channel, secret)
    return channel


def _add(connection: Connection, actor: Actor, channel: Channel, secret: bytes) -> None:
    lock_account(connection, actor.account_id)
    if channels.by_name(connection, actor.account_id, channel.name) is not None:
        raise AlreadyExists(f"There is a channel called {channel.name!r} already; choose another name.", noun="channel")
    channels.insert(connection, actor.account_id, channel, secret)
    repeats.keep(connection, actor, channel.id, channel.created_at)
    events.record(
        connection,
        actor,
        "alert_channel.added",
        subject=("alert_channel", channel.id, channel.name),
        message=channel.kind,
        at=channel.created_at,
    )
