"""The providers and what each declares: the source of every form and flag."""

from __future__ import annotations

from mistserver.api.given import Who
from mistserver.api.listing import Listing
from mistserver.api.routes import get
from mistserver.providers.describe import Description, describe_all


@get("/providers")
async def list_providers(actor: Who) -> Listing[Description]:
    """All providers, in a fixed order, each with its regions, capabilities and settings."""
    return Listing(items=describe_all())


ROUTES = [list_providers]
