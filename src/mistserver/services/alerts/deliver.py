"""Sending what channels are to be told. Each channel goes at its own pace; one that takes nothing holds up no other.

A message that was taken is forgotten in the next transaction: only a crash between the two sends it twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Thread

from sqlalchemy.engine import Connection

from mistserver.domain.alert import Message
from mistserver.domain.errors import MistError, ReceiverError
from mistserver.services.alerts.wording import first_group, worded
from mistserver.services.context import Context
from mistserver.store import channels, events, messages
from mistserver.store.channels import StoredChannel

log = logging.getLogger(__name__)

EVERY_S = 2.0
GROUPED_S = 15.0  # what happens to a rule within this time is one message; longer than two judgements are apart
KEPT = timedelta(days=1)  # then a message that its receiver never took is given up
SEND_S = 30.0
LONGEST_PAUSE_S = 60.0
_AT_ONCE = 64  # channels
_MOST = 5000
_GROUPS = 50  # of one channel in one turn


class Delivery:
    """One per service."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def turn(self) -> None:
        """Start on the channels that have something to be told, and wait a little for those that are quick."""
        self._sending = {channel: task for channel, task in self._sending.items() if not task.done()}
        for channel_id in await self._ctx.database.read(messages.due_channels, self._ctx.now()):
            if channel_id not in self._sending and len(self._sending) < _AT_ONCE:
                self._sending[channel_id] = asyncio.create_task(self._channel(channel_id), name="deliver")
        if not self._sending:
            return
        try:
            await asyncio.wait(self._sending.values(), timeout=EVERY_S)
        except asyncio.CancelledError:
            # what is being sent now would be sent again by the next service if its end were not noted
            await asyncio.wait(self._sending.values(), timeout=self._ctx.settings.drain_s / 4)
            for task in self._sending.values():
                task.cancel()
            raise

    async def _channel(self, channel_id: str) -> None:
        try:
            for _ in range(_GROUPS):
                if self._ctx.jobs.draining or not await self._one(channel_id):
                    return
        except MistError as error:
            log.error("a channel's messages wait: %s", error.message)

    async def _one(self, channel_id: str) -> bool:
        """Send the first message of the channel; whether there may be another one to send now."""
        ctx, now = self._ctx, self._ctx.now()
        stored = await ctx.database.read(channels.stored, channel_id)
        group = first_group(await ctx.database.read(messages.of_channel, channel_id, _MOST))
        if stored is None or not group or group[0].at + timedelta(seconds=GROUPED_S) > now:
            return False
        try:
            await send(ctx, stored, *worded(group))
        except MistError as error:
            await ctx.database.write(_failed, stored, group, error.message, now)
            return False
        await ctx.database.write(_took, stored, group, ctx.now())
        return True


async def send(ctx: Context, stored: StoredChannel, title: str, body: str) -> None:
    """One message now. ReceiverError when it was not taken, or nothing was heard for too long."""
    from mistserver.notify import receivers

    url = ctx.vault.unseal(stored.secret, f"channel:{stored.channel.id}").decode()
    try:
        async with asyncio.timeout(SEND_S):
            await _in_thread(lambda: receivers.send(url, title, body))
    except TimeoutError:
        raise ReceiverError(f"The receiver of the channel {stored.channel.name!r} did not answer in time.") from None


async def _in_thread(work: Callable[[], None]) -> None:
    """In a thread of its own, which a receiver that never ends its answer may hold for ever."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: MistError | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: MistError | None = None
        try:
            work()
        except MistError as caught:
            error = caught
        except Exception as caught:
            error = ReceiverError(f"The receiver could not be told: {type(caught).__name__}.")
        try:
            loop.call_soon_threadsafe(settle, error)
        except RuntimeError:
            log.debug("a message was sent after the end of the service")

    Thread(target=run, name="notify", daemon=True).start()
    await done


def _took(connection: Connection, stored: StoredChannel, group: Sequence[Message], at: datetime) -> None:
    messages.delete(connection, [message.seq for message in group])
    channels.took(connection, stored.channel.id, at)
    if stored.channel.failing_since is not None:
        _record(connection, stored, "alert_channel.recovered", "it takes messages again", at)


def _failed(connection: Connection, stored: StoredChannel, group: Sequence[Message], why: str, at: datetime) -> None:
    old = [message.seq for message in group if message.at < at - KEPT]
    if old:
        messages.delete(connection, old)
        _record(connection, stored, "alert_channel.given_up", f"{len(old)} messages: {why}", at)
    pause_s = min(LONGEST_PAUSE_S, 5.0 * 2.0 ** min(group[0].tries, 10))
    left = [message.seq for message in group if message.at >= at - KEPT]
    messages.postpone(connection, left, at + timedelta(seconds=pause_s))
    channels.fails(connection, stored.channel.id, why, at)
    if stored.channel.failing_since is None:
        _record(connection, stored, "alert_channel.failing", why, at)


def _record(connection: Connection, stored: StoredChannel, kind: str, message: str, at: datetime) -> None:
    subject = ("alert_channel", stored.channel.id, stored.channel.name)
    outcome = "succeeded" if kind.endswith("recovered") else "failed"
    events.record(
        connection, None, kind, account_id=stored.account_id, subject=subject, outcome=outcome, message=message, at=at
    )
