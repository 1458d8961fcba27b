"""Packets of machines' own collectd: who may send them, and taking them from UDP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import Conflict, InvalidInput, MistError, NotSignedIn
from mistserver.domain.monitoring import Monitoring
from mistserver.services.accounts.issue import hash_of, new_text
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring import enabling, take
from mistserver.services.rules.add import add_nodata
from mistserver.store import collectd_passwords, events, monitoring

log = logging.getLogger(__name__)

_WAITING = 2000  # packets; more are dropped, as the network would
_WORKERS = 16
_KNOWN_S = 15.0
_KNOWN = 4096


class CollectdNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """How a machine's own collectd sends here. The password is shown here and never again."""

    machine_id: str
    configuration: str


async def open_for(ctx: Context, actor: Actor, machine_id: str) -> CollectdNetwork:
    """Let a machine's own collectd send; done again, it gives the machine another password for that."""
    actor.require(Scope.OPERATE)
    found = await lookup.find(ctx, actor, machine_id)
    port = ctx.settings.collectd_port
    if port == 0:
        raise Conflict("The service listens for no packets of collectd; start it with --collectd-port 25826.")
    password = new_text()
    await ctx.database.write(_open, ctx, actor, found, password)
    host = urlsplit(enabling.public(ctx)).hostname or ctx.settings.host
    return CollectdNetwork(machine_id=found.machine.id, configuration=_configuration(host, port, found, password))


def _open(connection: Connection, ctx: Context, actor: Actor, found: Found, password: str) -> None:
    id = found.machine.id
    if monitoring.get(connection, actor.account_id, id) is None:
        record = Monitoring(machine_id=id, way="by_hand", enabled_at=ctx.now())
        monitoring.put(connection, actor.account_id, record, hash_of(new_text()))
        add_nodata(connection, actor, id, record.interval_s, ctx.now())
    collectd_passwords.put(connection, actor.account_id, id, ctx.vault.seal(password.encode(), _purpose(id)))
    events.record(
        connection,
        actor,
        "monitoring.enabled",
        subject=found.subject,
        message=f"{found.machine.name} may send metrics",
        details={"way": "collectd_network"},
        at=ctx.now(),
    )


def _configuration(host: str, port: int, found: Found, password: str) -> str:
    return (
        "LoadPlugin network\n<Plugin network>\n"
        f'  <Server "{host}" "{port}">\n    SecurityLevel "Encrypt"\n'
        f'    Username "{found.machine.id}"\n    Password "{password}"\n  </Server>\n</Plugin>\n'
    )


def _purpose(machine_id: str) -> str:
    return f"collectd:{machine_id}"


class Listener(asyncio.DatagramProtocol):
    """Takes packets while the service runs. What is not signed or encrypted as it should be is dropped and counted."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._packets: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []
        self._transport: asyncio.BaseTransport | None = None

    async def start(self) -> None:
        """OSError when the port cannot be had."""
        settings = self._ctx.settings
        loop = asyncio.get_running_loop()
        where = (settings.host, settings.collectd_port)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=where)
        self._tasks = [asyncio.create_task(self._work(), name="collectd packets") for _ in range(_WORKERS)]

    async def close(self) -> None:
        """What has come is still taken."""
        if self._transport is not None:
            self._transport.close()
            await self._packets.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            self._packets.put_nowait(data)
        except asyncio.QueueFull:
            self._ctx.metrics.refuse("packets_too_many", 1)

    async def _work(self) -> None:
        while True:
            packet = await self._packets.get()
            try:
                await self._take(packet)
            except NotSignedIn:
                self._ctx.metrics.refuse("packets_not_signed", 1)
            except InvalidInput:
                self._ctx.metrics.refuse("packets_broken", 1)
            except MistError as error:
                self._ctx.metrics.refuse("packets_not_kept", 1)
                log.error("a packet of collectd could not be kept: %s", error)
            except Exception:
                log.exception("a packet of collectd could not be taken")
            finally:
                self._packets.task_done()

    async def _take(self, packet: bytes) -> None:
        from mistserver.monitoring import collectd_network

        machine_id = collectd_network.user_of(packet)
        password = await self._password(machine_id)
        if password is None:
            raise NotSignedIn("No such machine sends packets of collectd.")
        await take.keep(self._ctx, machine_id, collectd_network.read(packet, password, take.newest(self._ctx)))

    async def _password(self, machine_id: str) -> str | None:
        at, password = self._known.get(machine_id, (0.0, None))
        if at > time.monotonic() - _KNOWN_S and at:
            return password
        sealed = await self._ctx.database.read(collectd_passwords.get, machine_id)
        password = None if sealed is None else self._ctx.vault.unseal(sealed, _purpose(machine_id)).decode()
        self._known[machine_id] = (time.monotonic(), password)
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return password
