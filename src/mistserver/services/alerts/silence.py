"""Silences: for a time alerts tell nobody, and nothing is done because of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.alert import Silence
from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.ids import new_id
from mistserver.domain.names import clean_name, clean_tag
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.rules.get import found as rule_found
from mistserver.store import events, silences

_LONGEST_S = 366 * 86400


class AddSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For `duration_s` from now. All that is given must match: a rule, a machine, a tag; nothing is everything."""

    duration_s: float
    rule_id: str | None = None
    machine_id: str | None = None
    tag: str | None = None
    reason: str = ""


async def add(ctx: Context, actor: Actor, request: AddSilence) -> Silence:
    """What still fires at its end is told then; what was told before it is still told to be over."""
    actor.require(Scope.OPERATE)
    if not 1 <= request.duration_s <= _LONGEST_S:
        raise InvalidInput(f"A silence lasts from 1 to {_LONGEST_S} seconds.", field="duration_s")
    now = ctx.now()
    silence = Silence(
        id=new_id(),
        rule_id=request.rule_id,
        machine_id=request.machine_id,
        tag=None if request.tag is None else clean_tag(request.tag),
        reason=clean_name(request.reason, "silence", "reason") if request.reason.strip() else "",
        created_by=actor.email,
        created_at=now,
        ends_at=now + timedelta(seconds=request.duration_s),
    )
    await ctx.database.write(_add, actor, silence)
    return silence


async def list_all(ctx: Context, actor: Actor) -> list[Silence]:
    """Those that hold now, by their end."""
    actor.require(Scope.READ)
    return await ctx.database.read(silences.all_of, actor.account_id, ctx.now())


async def end(ctx: Context, actor: Actor, silence_id: str) -> None:
    """End it now."""
    actor.require(Scope.OPERATE)
    await ctx.database.write(_end, actor, silence_id, ctx.now())


def _add(connection: Connection, actor: Actor, silence: Silence) -> None:
    if silence.rule_id is not None:
        rule_found(connection, actor.account_id, silence.rule_id)
    if silence.machine_id is not None:
        lookup.found(connection, actor.account_id, silence.machine_id)
    silences.insert(connection, actor.account_id, silence)
    _record(connection, actor, "silence.added", silence, silence.created_at)


def _end(connection: Connection, actor: Actor, silence_id: str, at: datetime) -> None:
    silence = silences.get(connection, actor.account_id, silence_id)
    if silence is None:
        raise NotFound(f"There is no silence with the id {silence_id[:64]!r}.", noun="silence", id=silence_id[:64])
    silences.delete(connection, silence_id)
    _record(connection, actor, "silence.ended", silence, at)


def _record(connection: Connection, actor: Actor, kind: str, silence: Silence, at: datetime) -> None:
    about = {"rule_id": silence.rule_id, "machine_id": silence.machine_id, "tag": silence.tag}
    message = f"until {silence.ends_at:%Y-%m-%d %H:%M:%S} UTC"
    subject = ("silence", silence.id, silence.reason or silence.id)
    events.record(connection, actor, kind, subject=subject, message=message, details=about, at=at)
