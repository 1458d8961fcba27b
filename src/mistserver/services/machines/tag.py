"""Tags: kept by the provider where it keeps tags, else by Mist; in listings both are one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.machine import Machine, MachineReading
from mistserver.domain.names import clean_tag
from mistserver.providers.base import Provider
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.store import events, inventory, tags

Change = Callable[[Provider], MachineReading | None]


async def add(ctx: Context, actor: Actor, machine_id: str, tag: str) -> Machine:
    """Idempotent."""
    actor.require(Scope.OPERATE)
    word = clean_tag(tag)
    found = await lookup.find(ctx, actor, machine_id)
    if word in found.machine.tags:
        return found.machine
    reading = None
    if found.provider.native_tags:
        found.require_usable()
        reading = await ctx.providers.call(ctx, found.stored, _adding(found.machine.external_id, word))
    return await ctx.database.write(_keep, _Tagging(actor, found, word, ctx.now()), reading)


async def remove(ctx: Context, actor: Actor, machine_id: str, tag: str) -> Machine:
    """NotFound when the machine has no such tag."""
    actor.require(Scope.OPERATE)
    word = clean_tag(tag)
    found = await lookup.find(ctx, actor, machine_id)
    if word not in found.machine.tags:
        raise NotFound(f"The machine {found.machine.name!r} has no tag {word!r}.", noun="tag", tag=word)
    reading = None
    if found.provider.native_tags:
        found.require_usable()
        reading = await ctx.providers.call(ctx, found.stored, _removing(found.machine.external_id, word))
    return await ctx.database.write(_drop, _Tagging(actor, found, word, ctx.now()), reading)


def _adding(external_id: str, tag: str) -> Change:
    def change(provider: Provider) -> MachineReading | None:
        provider.add_tag(external_id, tag)
        reading = provider.read_machine(external_id)
        # some providers show a new tag only a while later
        return reading and msgspec.structs.replace(reading, tags=tuple(sorted({*reading.tags, tag})))

    return change


def _removing(external_id: str, tag: str) -> Change:
    def change(provider: Provider) -> MachineReading | None:
        provider.remove_tag(external_id, tag)
        reading = provider.read_machine(external_id)
        return reading and msgspec.structs.replace(reading, tags=tuple(one for one in reading.tags if one != tag))

    return change


@dataclass(frozen=True)
class _Tagging:
    """Who changed which tag of which machine, and when."""

    actor: Actor
    found: Found
    tag: str
    at: datetime


def _keep(connection: Connection, change: _Tagging, reading: MachineReading | None) -> Machine:
    if reading is not None:
        inventory.put_reading(connection, change.found.stored, reading, change.at)
    else:
        tags.add(connection, change.found.machine.id, [change.tag])
        inventory.bump(connection, change.actor.account_id)
    return _told(connection, change, "machine.tagged", f"{change.found.machine.name} has the tag {change.tag}")


def _drop(connection: Connection, change: _Tagging, reading: MachineReading | None) -> Machine:
    if reading is not None:
        inventory.put_reading(connection, change.found.stored, reading, change.at)
    tags.remove(connection, change.found.machine.id, change.tag)
    inventory.bump(connection, change.actor.account_id)
    return _told(
        connection, change, "machine.untagged", f"{change.found.machine.name} has the tag {change.tag} no more"
    )


def _told(connection: Connection, change: _Tagging, kind: str, message: str) -> Machine:
    found = change.found
    machine = lookup.found(connection, change.actor.account_id, found.machine.id).machine
    details = {"tag": change.tag}
    events.record(connection, change.actor, kind, subject=found.subject, message=message, details=details, at=change.at)
    return machine
