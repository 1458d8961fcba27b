"""Terminals, single commands and files through a WebSocket: a pass for one, and the channel that it opens."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.errors import Conflict, Forbidden, InvalidInput, MistError, NotSignedIn
from mistserver.domain.machine import MachineState
from mistserver.services.context import Context
from mistserver.services.machines import channel_work, copy, lookup
from mistserver.services.machines.channel import Channel
from mistserver.services.machines.channel_work import Wish
from mistserver.services.machines.copy import Place
from mistserver.services.machines.frames import MOST_CELLS
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.reach import ExecWay, Wanted, reach
from mistserver.ssh.target import clean_user
from mistserver.store import events, machines, tickets, tokens, users
from mistserver.store.tickets import Ticket

VALID_FOR = timedelta(seconds=60)
ALLOWED_EVERY_S = 2.0  # how often an open channel asks whether its user still may
_PATH = "/api/v1/channel?ticket="
_LONGEST_COMMAND = 100_000
_SILENT = {MachineState.STOPPED, MachineState.PAUSED, MachineState.SUSPENDED, MachineState.TERMINATED}


class IssueTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`command` needs a command, `get` and `put` need a path. With `cols` a command gets a terminal."""

    purpose: Literal["terminal", "command", "get", "put"]
    command: str | None = None
    path: str | None = None
    cols: int | None = None
    rows: int | None = None
    user: str | None = None
    mode: int | None = None


class IssuedTicket(msgspec.Struct, frozen=True, kw_only=True):
    """The pass, shown once; `url` is where on the service it is good."""

    ticket: str
    url: str
    expires_at: datetime


async def issue_ticket(ctx: Context, actor: Actor, machine_id: str, request: IssueTicket) -> IssuedTicket:
    """A pass for one channel to one machine, good once within a minute, for this user and token only."""
    actor.require(Scope.OPERATE)
    _check(request)
    found = await lookup.find(ctx, actor, machine_id)
    found.require_usable()
    if found.machine.state in _SILENT:
        raise Conflict(f"The machine {found.machine.name!r} is {found.machine.state}; start it first.")
    text = secrets.token_urlsafe(32)
    ticket = Ticket(
        account_id=actor.account_id,
        user_id=actor.user_id,
        token_id=actor.token_id,
        machine_id=machine_id,
        purpose=msgspec.to_builtins(request),
        expires_at=ctx.now() + VALID_FOR,
    )
    await ctx.database.write(tickets.add, _hash(ctx, text), ticket)
    return IssuedTicket(ticket=text, url=_PATH + text, expires_at=ticket.expires_at)


def _check(request: IssueTicket) -> None:
    if (request.purpose == "command") != (request.command is not None):
        raise InvalidInput("A command belongs to the purpose command, and only to it.", field="command")
    if request.command is not None and (
        not request.command.strip() or "\0" in request.command or len(request.command) > _LONGEST_COMMAND
    ):
        raise InvalidInput("A command is not empty, has no NUL and at most 100000 characters.", field="command")
    if request.purpose in ("get", "put"):
        copy.clean_path(request.path)
    for field, value in (("cols", request.cols), ("rows", request.rows)):
        if value is not None and not 0 < value <= MOST_CELLS:
            raise InvalidInput(f"{field} goes from 1 to {MOST_CELLS}.", field=field)
    if request.mode is not None and not 0 <= request.mode <= 0o7777:
        raise InvalidInput("The mode of a file goes from 0 to 4095 (octal 7777).", field="mode")
    if request.user is not None:
        clean_user(request.user)


async def open(ctx: Context, ticket: str) -> Channel:
    """Spend a pass; NotSignedIn when it is not good (any more). What the machine answers comes through the channel."""
    spent = await ctx.database.write(_spend, ctx, _hash(ctx, ticket))
    if spent is None:
        raise NotSignedIn("The ticket is not valid, or was used already; ask for a new one.")
    taken, actor, found = spent
    request = msgspec.convert(taken.purpose, IssueTicket)
    channel = Channel()
    guard = asyncio.create_task(_guard(ctx, taken, channel), name="channel guard")

    async def closed(code: int | None, error: MistError | None) -> None:
        guard.cancel()
        await ctx.database.write(_record, _Use(actor, found, request, code, error), "channel.closed", ctx.now())

    channel.start(lambda opened: _work(ctx, found, request, opened), closed)
    return channel


async def _work(ctx: Context, found: Found, request: IssueTicket, channel: Channel) -> int | None:
    way = await reach(ctx, found.stored.account_id, found.machine, Wanted(user=request.user))
    if request.purpose in ("get", "put"):
        place = Place(path=request.path or "", mode=request.mode, user=request.user)
        return await (copy.get if request.purpose == "get" else copy.put)(ctx, way, place, channel)
    wish = Wish(command=request.command, cols=request.cols, rows=request.rows, user=request.user)
    if isinstance(way, ExecWay):
        return await channel_work.through_provider(ctx, way, wish, channel)
    return await channel_work.over_ssh(ctx, way, wish, channel)


async def _guard(ctx: Context, ticket: Ticket, channel: Channel) -> None:
    """Break the channel off soon after its user, token or machine is gone, or may no longer."""
    while True:
        await asyncio.sleep(ALLOWED_EVERY_S)
        if not await ctx.database.read(_allowed, ticket, ctx.now()):
            channel.break_off(Forbidden("The right to use this machine was withdrawn; the channel is closed."))
            return


def _spend(connection: Connection, ctx: Context, hash: str) -> tuple[Ticket, Actor, Found] | None:
    now = ctx.now()
    ticket = tickets.take(connection, hash, now)
    if ticket is None or not _allowed(connection, ticket, now):
        return None
    user = users.get(connection, ticket.account_id, ticket.user_id)
    if user is None:
        return None
    actor = Actor(
        account_id=user.account_id,
        user_id=user.id,
        email=user.email,
        role=user.role,
        scope=Scope.OPERATE,
        token_id=ticket.token_id,
    )
    found = lookup.found(connection, ticket.account_id, ticket.machine_id)
    _record(connection, _Use(actor, found, msgspec.convert(ticket.purpose, IssueTicket)), "channel.opened", now)
    return ticket, actor, found


def _allowed(connection: Connection, ticket: Ticket, now: datetime) -> bool:
    user = users.get(connection, ticket.account_id, ticket.user_id)
    if user is None or user.role == Role.VIEWER:
        return False
    if ticket.token_id:
        token = tokens.get(connection, ticket.account_id, ticket.token_id)
        if token is None or (token.expires_at is not None and token.expires_at <= now) or token.scope == Scope.READ:
            return False
    return machines.get(connection, ticket.account_id, ticket.machine_id) is not None


@dataclass(frozen=True)
class _Use:
    """Who uses which machine for what, and with which result."""

    actor: Actor
    found: Found
    request: IssueTicket
    code: int | None = None
    error: MistError | None = None


def _record(connection: Connection, use: _Use, kind: str, at: datetime) -> None:
    request, error = use.request, use.error
    details: dict[str, Any] = {
        "purpose": request.purpose,
        "command": request.command,
        "path": request.path,
        "user": request.user,
        "exit_code": use.code,
        "code": error.code if error else None,
    }
    events.record(
        connection,
        use.actor,
        kind,
        subject=use.found.subject,
        outcome="failed" if error else "succeeded",
        message=error.message if error else f"{request.purpose} on {use.found.machine.name}",
        details={name: value for name, value in details.items() if value is not None},
        at=at,
    )


def _hash(ctx: Context, text: str) -> str:
    return ctx.vault.keyed_hash("ticket", text)
