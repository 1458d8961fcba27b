"""Files of machines without an agent: each is run by python3 there, over a channel of its own, and its answers kept."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from sqlalchemy.engine import Connection

from mistserver.domain.errors import MachineError, MistError
from mistserver.domain.monitoring import Plugin
from mistserver.jobs.running import unexpected
from mistserver.monitoring.plugins import answers
from mistserver.monitoring.plugins.answers import Answer, Run
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import Captured, open_way
from mistserver.services.machines.lookup import Found
from mistserver.services.machines.orders import Order
from mistserver.services.machines.reach import ExecWay, reach
from mistserver.store import events, monitoring, plugins
from mistserver.store.plugins import Kept, StoredPlugin

log = logging.getLogger(__name__)

MOST_ERRORS = 3  # in a row; one alone is a sample that is missing
_LOOK_S = 2.0
_PAUSE_S = 10.0
_DAY_S = 86400.0
_A_TURN_S = 60  # where the end of a channel does not end what runs at its other end
_SPARE_S = 30.0
_LONGEST_TROUBLE = 500


def schedule(ctx: Context) -> None:
    """In one service at a time; another goes on when that one stops."""
    ctx.jobs.loop("custom metrics", _LOOK_S, partial(keep_all, ctx))


async def keep_all(ctx: Context) -> None:
    """Until cancelled: a task for each file that is to be run, and none for another."""
    tasks: dict[tuple[Plugin, int], asyncio.Task[None]] = {}
    try:
        while True:
            kept = [each for each in await ctx.database.read(plugins.run_ones) if each.way == "agentless"]
            wanted = {(each.stored.plugin, each.interval_s): each for each in kept}
            for gone in [each for each in tasks if each not in wanted]:
                tasks.pop(gone).cancel()
            for key, each in wanted.items():
                if key not in tasks or tasks[key].done():
                    tasks[key] = asyncio.create_task(_keep(ctx, each), name=f"plugin {each.stored.plugin.id}")
            await asyncio.sleep(_LOOK_S)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _keep(ctx: Context, kept: Kept) -> None:
    """Run it again whenever the machine was lost. Ends when the file itself fails."""
    plugin, trouble = kept.stored.plugin, ""
    while True:
        said = ""
        try:
            found = await ctx.database.read(lookup.found, kept.stored.account_id, plugin.machine_id)
            await _Work(ctx, found, kept).run()
        except _FileFailed as error:
            await ctx.database.write(fail, ctx, found, kept.stored, error.message)
            return
        except MistError as error:
            said = error.message
        except Exception as error:
            said = unexpected(error).message
        if said and said != trouble:
            log.warning("the custom metric %s of %s is interrupted: %s", plugin.id, plugin.machine_id, said)
        trouble = said
        if said:
            await asyncio.sleep(_PAUSE_S)


class _FileFailed(MachineError):
    """Not the machine, but the file itself: it must not be run again."""


class _Work:
    """One run of one file."""

    def __init__(self, ctx: Context, found: Found, kept: Kept) -> None:
        self._ctx, self._found, self._kept = ctx, found, kept
        self._errors = 0

    async def run(self) -> None:
        """Until the run ends by itself; MachineError when it ended without having begun."""
        way = await reach(self._ctx, self._kept.stored.account_id, self._found.machine)
        interval_s = self._kept.interval_s
        turns = max(1, _A_TURN_S // interval_s) if isinstance(way, ExecWay) else 0
        code = unsealed(self._ctx, self._kept.stored)
        run = Run(self._kept.stored.plugin.id, code, reads=turns, every_s=interval_s, strict=False)
        said, answered = Captured(limit=4096), False

        async def take(stream: str, data: bytes) -> None:
            nonlocal answered
            if stream != "stdout":
                said.take(stream, data)
                return
            for answer in run.feed(data):
                answered = True
                await self._take(answer)

        longest_s = turns * interval_s + run.longest_s if turns else _DAY_S
        opened = await open_way(self._ctx, way)
        order = Order(text=answers.command(), stdin=run.stdin, timeout_s=longest_s + _SPARE_S)
        outcome = await opened.run(order, take)
        if not answered:
            words = " ".join(said.text("stderr").split())[:200]
            raise MachineError(f"{self._found.machine.name} did not run it ({words or outcome.exit_code}).")

    async def _take(self, answer: Answer) -> None:
        if answer.error is not None:
            self._errors += 1
            if answer.fatal or self._errors >= MOST_ERRORS:
                raise _FileFailed(answer.error)
            return
        self._errors = 0
        if answer.value is not None:
            await self._append(answer.value)

    async def _append(self, value: float) -> None:
        from mistserver.monitoring.samples import Kind, batch

        plugin, ctx = self._kept.stored.plugin, self._ctx
        if await ctx.database.read(monitoring.secret_hash, plugin.machine_id) is None:
            return
        kind = Kind.COUNTER if plugin.value_type == "derive" else Kind.GAUGE
        store = await ctx.metrics.store()
        line = (plugin.metric_id, kind, int(ctx.now().timestamp()), value)
        taken = await store.append(plugin.machine_id, batch([line]))
        for why, count in (("late", taken.late), ("repeated", taken.repeated), ("over_limit", taken.over_limit)):
            ctx.metrics.refuse(why, count)


def unsealed(ctx: Context, stored: StoredPlugin) -> bytes:
    return ctx.vault.unseal(stored.secret, purpose(stored.plugin.machine_id, stored.plugin.id))


def purpose(machine_id: str, plugin_id: str) -> str:
    return f"plugin:{machine_id}:{plugin_id}"


def fail(connection: Connection, ctx: Context, found: Found, stored: StoredPlugin, trouble: str) -> None:
    """It is not run any more; the others are."""
    trouble = trouble[:_LONGEST_TROUBLE]
    if not plugins.fail(connection, stored.plugin, trouble):
        return
    events.record(
        connection,
        None,
        "plugin.failed",
        account_id=stored.account_id,
        subject=found.subject,
        outcome="failed",
        message=f"{stored.plugin.name} is not run any more: {trouble}",
        details={"plugin_id": stored.plugin.id, "metric_id": stored.plugin.metric_id},
        at=ctx.now(),
    )
