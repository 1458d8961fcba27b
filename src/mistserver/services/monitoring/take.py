"""Taking what a machine sends. Its password lets it write its own metrics and do nothing else."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from mistserver.domain.errors import NotSignedIn
from mistserver.services.accounts.issue import hash_of
from mistserver.services.context import Context
from mistserver.services.monitoring.plugins import deployed
from mistserver.store import monitoring

if TYPE_CHECKING:
    from mistserver.monitoring.collectd_json import Read

AHEAD_S = 300  # a clock that is this much ahead is taken as it is


async def collectd(ctx: Context, machine_id: str, password: str, body: bytes) -> None:
    """A post of collectd's write_http; when this returns, every sample that is taken is on the disk.

    NotSignedIn for a machine that is not monitored or another password; InvalidInput for another kind of body.
    """
    await _require(ctx, machine_id, password)
    await keep_collectd(ctx, machine_id, body)


async def prometheus(ctx: Context, machine_id: str, password: str, body: bytes) -> None:
    """A post of Prometheus' remote write, likewise."""
    await _require(ctx, machine_id, password)
    await keep_prometheus(ctx, machine_id, body)


async def keep_collectd(ctx: Context, machine_id: str, body: bytes) -> None:
    """Of a machine whose password is known to be right. Likewise `keep_prometheus`."""
    from mistserver.monitoring import collectd_json

    await keep(ctx, machine_id, collectd_json.read(body, newest(ctx)))


async def keep_prometheus(ctx: Context, machine_id: str, body: bytes) -> None:
    from mistserver.monitoring import remote_write

    await keep(ctx, machine_id, remote_write.read(body, newest(ctx)))


def is_trusted(ctx: Context, machine_id: str, password: str) -> bool:
    """Whether the machine sent this password a moment ago and it was right."""
    return ctx.metrics.trusts(machine_id, hash_of(password))


def newest(ctx: Context) -> int:
    """The last second of which samples are taken."""
    return int(ctx.now().timestamp()) + AHEAD_S


async def keep(ctx: Context, machine_id: str, found: Read) -> None:
    """Put what was read into the store, and count what of it was not taken."""
    if found.troubles:
        await deployed.take_troubles(ctx, machine_id, found.troubles)
    store = await ctx.metrics.store()
    taken = await store.append(machine_id, found.batch)
    if taken.accepted == len(found.batch) and not found.unfit and not found.ahead:
        return
    counts = {"unfit": found.unfit, "ahead": found.ahead, "late": taken.late, "repeated": taken.repeated}
    for why, count in {**counts, "over_limit": taken.over_limit}.items():
        ctx.metrics.refuse(why, count)


async def _require(ctx: Context, machine_id: str, password: str) -> None:
    given = hash_of(password)
    if ctx.metrics.trusts(machine_id, given):
        return
    known = await ctx.database.read(monitoring.secret_hash, machine_id)
    if known is not None and hmac.compare_digest(known, given):
        ctx.metrics.trust(machine_id, given)
    else:
        raise NotSignedIn("This machine is not monitored, or sends another password.")
