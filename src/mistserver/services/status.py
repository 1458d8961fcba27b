"""How the service itself fares: ready or not, and what it holds, over all accounts."""

from __future__ import annotations

import ipaddress

from mistserver.domain.errors import MistError
from mistserver.services.context import Context
from mistserver.store import counts
from mistserver.store.counts import Counts


def is_loopback(host: str) -> bool:
    """Whether a listening address is reachable from this host alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def only_loopback(ctx: Context) -> bool:
    """Whether only this host's own users can ask, directly and not through a proxy."""
    return is_loopback(ctx.settings.host) and not ctx.settings.trusted_proxies


async def not_ready(ctx: Context) -> list[str]:
    """What the service still waits for; empty when it is ready."""
    missing = [] if ctx.jobs.ready else ["jobs"]
    try:
        await ctx.database.read(counts.ping)
    except MistError:
        missing.append("store")
    return missing


async def count(ctx: Context) -> Counts:
    return await ctx.database.read(counts.count)
