"""What the service says about itself to whoever is signed in."""

from __future__ import annotations

import platform
from datetime import datetime

import msgspec

from mistserver import __version__
from mistserver.domain.account import Actor, Scope
from mistserver.services.context import Context


class About(msgspec.Struct, frozen=True, kw_only=True):
    """`database` is sqlite or postgresql, `metrics` files or victoriametrics. `time` is that of the service's clock."""

    version: str
    python: str
    database: str
    metrics: str
    public_url: str
    time: datetime


async def describe(ctx: Context, actor: Actor) -> About:
    """The version, and what the service keeps its things in."""
    actor.require(Scope.READ)
    return About(
        version=__version__,
        python=platform.python_version(),
        database="sqlite" if ctx.database.is_sqlite else "postgresql",
        metrics="victoriametrics" if ctx.settings.metrics_url else "files",
        public_url=ctx.settings.public_url,
        time=ctx.now(),
    )
