"""Files of machines with an agent: collectd there has them run, and says when one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mistserver.domain.monitoring import Plugin
from mistserver.monitoring.agent import texts
from mistserver.monitoring.plugins import deployed
from mistserver.monitoring.plugins.deployed import File
from mistserver.services.context import Context
from mistserver.services.machines import lookup
from mistserver.services.machines.execute import Opened
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring.agent import on_machine
from mistserver.services.monitoring.plugins import sampled
from mistserver.store import monitoring, plugins
from mistserver.store.plugins import StoredPlugin

if TYPE_CHECKING:
    from mistserver.monitoring.collectd_json import Trouble


@dataclass(frozen=True)
class Wanted:
    """What an agent is to do besides what it always does: `loads` names plugins of collectd."""

    files: tuple[StoredPlugin, ...] = ()
    loads: tuple[str, ...] = ()
    interval_s: int = 10

    def with_file(self, stored: StoredPlugin) -> Wanted:
        """It takes the place of one with the same id."""
        others = self.without_file(stored.plugin.id)
        return Wanted((*others.files, stored), self.loads, self.interval_s)

    def without_file(self, plugin_id: str) -> Wanted:
        kept = tuple(each for each in self.files if each.plugin.id != plugin_id)
        return Wanted(kept, self.loads, self.interval_s)

    def loading(self, loads: Sequence[str]) -> Wanted:
        return Wanted(self.files, tuple(sorted(set(loads))), self.interval_s)


async def known(ctx: Context, found: Found) -> Wanted:
    """As it is kept here. Files that failed are not run again."""
    record = await ctx.database.read(monitoring.get, found.stored.account_id, found.machine.id)
    stored = await ctx.database.read(plugins.of_machine, found.machine.id)
    files = tuple(each for each in stored if each.plugin.trouble is None)
    if record is None:
        return Wanted(files)
    return Wanted(files, record.collectd_loads, record.interval_s)


async def put(ctx: Context, opened: Opened, found: Found, wanted: Wanted) -> None:
    """Have the machine's agent do exactly this. When collectd does not come up with it, it stays as it was.

    MachineError then. May be done again; what belongs to another wish is taken away.
    """
    files = [_file(ctx, each) for each in wanted.files]
    environment = {
        "EXTRA": texts.additions(wanted.loads, len(files)),
        "MODULE": deployed.module() if files else "",
    }
    text = deployed.document(files, wanted.interval_s)
    await on_machine(opened, found, "change", text, environment)


def version(plugin: Plugin) -> str:
    """Another one each time that a file is added."""
    return str(round(plugin.changed_at.timestamp() * 1e6))


def _file(ctx: Context, stored: StoredPlugin) -> File:
    plugin = stored.plugin
    return File(plugin.id, plugin.value_type, version(plugin), sampled.unsealed(ctx, stored))


async def take_troubles(ctx: Context, machine_id: str, troubles: Sequence[Trouble]) -> None:
    """Files that an agent does not run any more; it says so again and again, and old ones count for nothing."""
    for each in troubles:
        stored = await ctx.database.read(plugins.get, machine_id, each.plugin_id)
        if stored is None or stored.plugin.trouble is not None or version(stored.plugin) != each.version:
            continue
        found = await ctx.database.read(lookup.found, stored.account_id, machine_id)
        await ctx.database.write(sampled.fail, ctx, found, stored, each.trouble)
