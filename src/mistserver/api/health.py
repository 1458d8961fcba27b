"""Whether the service lives and whether it is ready, without a sign-in and without data."""

from __future__ import annotations

from litestar import Response, get

from mistserver.api.given import Ctx
from mistserver.services import status


@get("/healthz", public=True, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/readyz", public=True, include_in_schema=False)
async def readyz(ctx: Ctx) -> Response[dict[str, object]]:
    """200 when jobs and store are ready, else 503 with what is awaited."""
    missing = await status.not_ready(ctx)
    return Response({"ready": not missing, "waiting_for": missing}, status_code=503 if missing else 200)
