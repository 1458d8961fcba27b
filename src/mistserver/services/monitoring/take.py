"""Taking what a machine sends. Its password lets it write its own metrics and do nothing else."""

from __future__ import annotations

import hmac

from mistserver.domain.errors import NotSignedIn
from mistserver.services.accounts.issue import hash_of
from mistserver.services.context import Context
from mistserver.store import monitoring

AHEAD_S = 300  # a clock that is this much ahead is taken as it is


async def collectd(ctx: Context, machine_id: str, password: str, body: bytes) -> None:
    """A post of collectd's write_http; when this returns, every sample that is taken is on the disk.

    NotSignedIn for a machine that is not monitored or another password; InvalidInput for another kind of body.
    """
    from mistserver.monitoring import collectd_json

    await _require(ctx, machine_id, password)
    found = collectd_json.read(body, int(ctx.now().timestamp()) + AHEAD_S)
    store = await ctx.metrics.store()
    taken = await store.append(machine_id, found.batch)
    counts = {"unfit": found.unfit, "ahead": found.ahead, "late": taken.late, "repeated": taken.repeated}
    for why, count in {**counts, "over_limit": taken.over_limit}.items():
        ctx.metrics.refuse(why, count)


async def _require(ctx: Context, machine_id: str, password: str) -> None:
    known = await ctx.database.read(monitoring.secret_hash, machine_id)
    if known is None or not hmac.compare_digest(known, hash_of(password)):
        raise NotSignedIn("This machine is not monitored, or sends another password.")
