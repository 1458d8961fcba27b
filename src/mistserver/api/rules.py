"""Rules on the metrics of machines."""

from __future__ import annotations

from typing import Annotated

from litestar.params import FromPath, JSONBody, QueryParameter

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.listing import Cursor, Limit, Listing, Select, listing, selection
from mistserver.api.routes import delete, get, patch, post
from mistserver.domain.rule import Rule
from mistserver.services.rules import add, update
from mistserver.services.rules import delete as delete_one
from mistserver.services.rules import get as get_one
from mistserver.services.rules import list as list_all
from mistserver.services.rules.add import AddRule
from mistserver.services.rules.update import UpdateRule


@get("/rules")
async def list_rules(
    ctx: Ctx,
    actor: Who,
    machine: Annotated[str | None, QueryParameter(description="Id of a machine: its own rules.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    select_: Select = None,
) -> Listing[Rule]:
    """All rules of the account, by name."""
    if select_ is not None:
        return selection(*await list_all.select(ctx, actor, select_))
    return listing(await list_all.page(ctx, actor, machine, limit, cursor))


@post("/rules")
async def add_rule(ctx: Ctx, actor: Who, data: JSONBody[AddRule], repeat: Repeat = None) -> Rule:
    """Add a rule for a machine, or for every monitored machine with a tag."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: add.add(ctx, who, data),
        lambda made: get_one.get(ctx, actor, made),
    )


@get("/rules/{rule_id:str}")
async def get_rule(ctx: Ctx, actor: Who, rule_id: FromPath[str]) -> Rule:
    """One rule."""
    return await get_one.get(ctx, actor, rule_id)


@patch("/rules/{rule_id:str}")
async def update_rule(ctx: Ctx, actor: Who, rule_id: FromPath[str], data: JSONBody[UpdateRule]) -> Rule:
    """Change it; what it had found before is over with that."""
    return await update.update(ctx, actor, rule_id, data)


@delete("/rules/{rule_id:str}")
async def delete_rule(ctx: Ctx, actor: Who, rule_id: FromPath[str]) -> None:
    """Delete it with its alerts."""
    await delete_one.delete(ctx, actor, rule_id)


ROUTES = [list_rules, add_rule, get_rule, update_rule, delete_rule]
