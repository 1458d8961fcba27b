"""The service about itself."""

from __future__ import annotations

from mistserver.api.given import Ctx, Who
from mistserver.api.routes import get
from mistserver.services import about
from mistserver.services.about import About


@get("/about")
async def show_about(ctx: Ctx, actor: Who) -> About:
    """The service's version, and where it keeps things."""
    return await about.describe(ctx, actor)


ROUTES = [show_about]
