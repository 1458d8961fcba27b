"""Where machines send what others than Mist's own agent collect."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath

from mistserver.api.given import Ctx, Who
from mistserver.api.routes import post
from mistserver.domain.errors import NotSignedIn
from mistserver.services.monitoring import collectd_network, take
from mistserver.services.monitoring.collectd_network import CollectdNetwork


@post("/intake/prometheus", public=True, status_code=204, security=[{"machine": []}])
async def take_prometheus(ctx: Ctx, request: Request[Any, Any, Any]) -> Response[None]:
    """What Prometheus' remote write 1.0 posts. User: the machine's id; password: the one it was given."""
    try:
        machine_id, password = basic(request)
        await take.prometheus(ctx, machine_id, password, await request.body())
    except NotSignedIn as error:
        return Response(None, status_code=401, headers={"WWW-Authenticate": 'Basic realm="Mist"', "X-Mist": error.code})
    return Response(None, status_code=204)


@post("/machines/{machine_id:str}/monitoring/collectd-network", status_code=201)
async def open_collectd_network(ctx: Ctx, actor: Who, machine_id: FromPath[str]) -> CollectdNetwork:
    """Let the machine's own collectd send over its plugin network; the answer is what to configure there."""
    return await collectd_network.open_for(ctx, actor, machine_id)


def basic(request: Request[Any, Any, Any]) -> tuple[str, str]:
    """User and password; NotSignedIn without."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, colon, password = "", "", ""
    if scheme.lower() != "basic" or not colon:
        raise NotSignedIn("Send the machine's id and password as basic authentication.")
    return user, password


ROUTES = [take_prometheus, open_collectd_network]
