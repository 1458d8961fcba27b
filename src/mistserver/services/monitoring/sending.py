"""Which machines are monitored, when each was heard last, and which are silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from mistserver.domain.errors import Unavailable
from mistserver.domain.sending import Expected, Sending, sending_of
from mistserver.services.context import Context
from mistserver.store import sending

log = logging.getLogger(__name__)

ANSWER_S = 3.0  # a listing of machines does not wait longer for the store of metrics


async def of_machines(ctx: Context, account_id: str, machine_ids: Sequence[str]) -> dict[str, Sending]:
    """By machine, those that are monitored. A store that does not answer leaves their samples unknown."""
    return await _sending(ctx, await ctx.database.read(sending.expected, account_id, machine_ids))


async def of_machine(ctx: Context, account_id: str, machine_id: str) -> Sending | None:
    """None for a machine that is not monitored."""
    return (await of_machines(ctx, account_id, [machine_id])).get(machine_id)


async def _sending(ctx: Context, expected: Mapping[str, Expected]) -> dict[str, Sending]:
    if not expected:
        return {}
    newest, now = await _newest(ctx, list(expected)), ctx.now()
    known = newest is not None
    return {id: sending_of(each, (newest or {}).get(id), now, known=known) for id, each in expected.items()}


async def _newest(ctx: Context, ids: list[str]) -> dict[str, datetime] | None:
    try:
        async with asyncio.timeout(ANSWER_S):
            store = await ctx.metrics.store()
            sent = await store.sent(ids)
    except (TimeoutError, Unavailable) as error:
        log.warning("when machines were heard last is not known: %s", type(error).__name__)
        return None
    return {id: datetime.fromtimestamp(each.newest, UTC) for id, each in sent.items() if each.newest}
