"""Which Python files make metrics on a machine, and having one make them no more."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import NotFound
from mistserver.domain.monitoring import Plugin
from mistserver.services.context import Context
from mistserver.services.machines.lookup import Found
from mistserver.services.monitoring.shown import require_enabled
from mistserver.store import events, monitoring, plugins


async def list_all(ctx: Context, actor: Actor, machine_id: str) -> list[Plugin]:
    """By id; those that failed say why."""
    actor.require(Scope.READ)
    found = await require_enabled(ctx, actor, machine_id)
    return [stored.plugin for stored in await ctx.database.read(plugins.of_machine, found.machine.id)]


async def remove(ctx: Context, actor: Actor, machine_id: str, plugin_id: str) -> None:
    """It is not run any more; what came of it is kept, but not shown."""
    actor.require(Scope.OPERATE)
    found = await require_enabled(ctx, actor, machine_id)
    await ctx.database.write(_remove, ctx, actor, found, plugin_id)


def _remove(connection: Connection, ctx: Context, actor: Actor, found: Found, plugin_id: str) -> None:
    stored = plugins.get(connection, found.machine.id, plugin_id)
    if stored is None:
        raise NotFound(
            f"The machine {found.machine.name!r} has no custom metric {plugin_id[:128]!r}.",
            noun="plugin",
            id=plugin_id[:128],
        )
    plugins.remove(connection, found.machine.id, plugin_id)
    monitoring.remove_metric(connection, found.machine.id, stored.plugin.metric_id)
    events.record(
        connection,
        actor,
        "plugin.removed",
        subject=found.subject,
        message=f"{stored.plugin.name} is measured no more",
        details={"plugin_id": plugin_id, "metric_id": stored.plugin.metric_id},
        at=ctx.now(),
    )
