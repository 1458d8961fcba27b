"""Alerts, silences, and the channels that are told."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar.params import FromPath, JSONBody, QueryParameter

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.listing import Cursor, Limit, Listing, Select, listing, selection
from mistserver.api.routes import delete, get, post
from mistserver.domain.alert import Alert, AlertState, Channel, Silence
from mistserver.services.alerts import list as list_all
from mistserver.services.alerts import silence
from mistserver.services.alerts.silence import AddSilence
from mistserver.services.channels import add
from mistserver.services.channels import delete as delete_one
from mistserver.services.channels import get as get_one
from mistserver.services.channels.add import AddChannel
from mistserver.store.alerts import AlertQuery

State = Literal["pending", "firing", "resolved", "all"]


@get("/alerts")
async def list_alerts(
    ctx: Ctx,
    actor: Who,
    state_: Annotated[
        State | None, QueryParameter(name="state", description="Without it those that are pending or firing.")
    ] = None,
    rule: Annotated[str | None, QueryParameter(description="Id of a rule.")] = None,
    machine: Annotated[str | None, QueryParameter(description="Id of a machine.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Listing[Alert]:
    """Alerts of the account, the newest first."""
    one = None if state_ in (None, "all") else AlertState(str(state_))
    query = AlertQuery(state=one, everything=state_ == "all", rule_id=rule, machine_id=machine, cursor=cursor)
    return listing(await list_all.page(ctx, actor, query, limit))


@get("/alerts/{alert_id:str}")
async def get_alert(ctx: Ctx, actor: Who, alert_id: FromPath[str]) -> Alert:
    """One alert."""
    return await list_all.get(ctx, actor, alert_id)


@get("/silences")
async def list_silences(ctx: Ctx, actor: Who) -> Listing[Silence]:
    """The silences that hold now, by their end."""
    return Listing(items=await silence.list_all(ctx, actor))


@post("/silences")
async def add_silence(ctx: Ctx, actor: Who, data: JSONBody[AddSilence]) -> Silence:
    """Have alerts tell nobody and do nothing for a time."""
    return await silence.add(ctx, actor, data)


@delete("/silences/{silence_id:str}")
async def end_silence(ctx: Ctx, actor: Who, silence_id: FromPath[str]) -> None:
    """End it before its time."""
    await silence.end(ctx, actor, silence_id)


@get("/channels")
async def list_channels(
    ctx: Ctx, actor: Who, limit: Limit = None, cursor: Cursor = None, select_: Select = None
) -> Listing[Channel]:
    """The channels that alerts are told on, by name, without their URLs."""
    if select_ is not None:
        return selection(*await get_one.select(ctx, actor, select_))
    return listing(await get_one.page(ctx, actor, limit, cursor))


@post("/channels")
async def add_channel(ctx: Ctx, actor: Who, data: JSONBody[AddChannel], repeat: Repeat = None) -> Channel:
    """Add a channel; its URL is a secret and never shown again."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: add.add(ctx, who, data),
        lambda made: get_one.get(ctx, actor, made),
    )


@get("/channels/{channel_id:str}")
async def get_channel(ctx: Ctx, actor: Who, channel_id: FromPath[str]) -> Channel:
    """One channel, and whether its receiver takes messages."""
    return await get_one.get(ctx, actor, channel_id)


@post("/channels/{channel_id:str}/test", status_code=200)
async def test_channel(ctx: Ctx, actor: Who, channel_id: FromPath[str]) -> Channel:
    """Send a message on it now; the error says why it was not taken."""
    return await get_one.test(ctx, actor, channel_id)


@delete("/channels/{channel_id:str}")
async def delete_channel(ctx: Ctx, actor: Who, channel_id: FromPath[str]) -> None:
    """Delete it with what it was still to be told."""
    await delete_one.delete(ctx, actor, channel_id)


ROUTES = [
    list_alerts,
    get_alert,
    list_silences,
    add_silence,
    end_silence,
    list_channels,
    add_channel,
    get_channel,
    test_channel,
    delete_channel,
]
