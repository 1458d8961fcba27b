"""Custom metrics: Python files that make metrics on machines."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Listing
from mistserver.api.routes import delete, get, post
from mistserver.domain.job import Job
from mistserver.domain.monitoring import Plugin
from mistserver.services.monitoring.plugins import add, remove
from mistserver.services.monitoring.plugins.add import AddPlugin


@get("/machines/{machine_id:str}/plugins")
async def list_plugins(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> Listing[Plugin]:
    """The files that make metrics on the machine, without their text; `trouble` says why one is not run any more."""
    return Listing(items=await remove.list_all(ctx, actor, machine_id))


@post("/machines/{machine_id:str}/plugins", status_code=202)
async def add_plugin(ctx: Ctx, actor: Who, machine_id: FromPath[str], data: JSONBody[AddPlugin]) -> Job:
    """Have a Python file make a metric, as a job; its result has `metric_id` and `stdout`, what a trial there said."""
    return await add.submit(ctx, actor, machine_id, data)


@delete("/machines/{machine_id:str}/plugins/{plugin_id:str}", status_code=202)
async def remove_plugin(ctx: Ctx, actor: Who, machine_id: FromPath[str], plugin_id: FromPath[str]) -> Job:
    """Have it make metrics no more, as a job."""
    return await remove.submit(ctx, actor, machine_id, plugin_id)


ROUTES = [list_plugins, add_plugin, remove_plugin]
