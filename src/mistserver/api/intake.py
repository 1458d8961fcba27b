"""Where machines send what they measure.

Most requests of a service are such posts, so that those of a machine that is known already are answered before the
framework sees them. Everything else about them goes the usual way: a first post, and one that is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from types import MappingProxyType
from typing import Any

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.params import FromPath
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from mistserver.api.given import Ctx, Who
from mistserver.api.routes import post
from mistserver.domain.errors import MistError, NotSignedIn
from mistserver.services.context import Context
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


@post("/intake/collectd", public=True, status_code=204, security=[{"machine": []}])
async def take_collectd(ctx: Ctx, request: Request[Any, Any, Any]) -> Response[None]:
    """What collectd's plugin write_http posts. User: the machine's id; password: the one it was given."""
    try:
        machine_id, password = basic(request)
        await take.collectd(ctx, machine_id, password, await request.body())
    except NotSignedIn as error:
        # collectd sends its password only after it was asked for one
        return Response(None, status_code=401, headers={"WWW-Authenticate": 'Basic realm="Mist"', "X-Mist": error.code})
    return Response(None, status_code=204)


def basic(request: Request[Any, Any, Any]) -> tuple[str, str]:
    """User and password; NotSignedIn without."""
    return _user_and_password(request.headers.get("authorization", ""))


def _user_and_password(header: str) -> tuple[str, str]:
    scheme, _, text = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        user, colon, password = "", "", ""
    if scheme.lower() != "basic" or not colon:
        raise NotSignedIn("Send the machine's id and password as basic authentication.")
    return user, password


Keep = Callable[[Context, str, bytes], Awaitable[None]]
_POSTS: MappingProxyType[str, Keep] = MappingProxyType(
    {"/api/v1/intake/collectd": take.keep_collectd, "/api/v1/intake/prometheus": take.keep_prometheus}
)


def at_once(ctx: Context, app: ASGIApp) -> ASGIApp:
    """Before the whole application: answers posts of machines that are trusted, and hands on what it does not take."""

    async def posted(scope: Scope, receive: Receive, send: Send) -> None:
        keep = _POSTS.get(scope["path"]) if scope["type"] == ScopeType.HTTP and scope["method"] == "POST" else None
        machine_id = _trusted(ctx, scope["headers"]) if keep else None
        if keep is None or machine_id is None:
            await app(scope, receive, send)
            return
        came = await _messages(receive, ctx.settings.body_limit_bytes)
        body = b"".join(message.get("body", b"") for message in came)
        whole = came[-1]["type"] == "http.request" and not came[-1].get("more_body")
        if whole and len(body) <= ctx.settings.body_limit_bytes:
            try:
                await keep(ctx, machine_id, body)
            except MistError:
                pass  # the usual way ends the same, and says it
            else:
                scope["path_template"] = scope["path"]
                scope.setdefault("state", {})["routine"] = True
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        await app(scope, _again(came, receive), send)

    return posted


def _trusted(ctx: Context, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            try:
                machine_id, password = _user_and_password(value.decode("latin-1"))
            except NotSignedIn:
                return None
            return machine_id if take.is_trusted(ctx, machine_id, password) else None
    return None


async def _messages(receive: Receive, most_bytes: int) -> list[Any]:
    """A request's body as it came, until it ends or is more than may be sent."""
    came: list[Any] = []
    length = 0
    while length <= most_bytes:
        message = await receive()
        came.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            break
        length += len(message["body"])
    return came


def _again(came: list[Any], receive: Receive) -> Receive:
    waiting = iter(came)

    async def received() -> HTTPReceiveMessage:
        message = next(waiting, None)
        return message if message is not None else await receive()  # type: ignore[return-value]  # of HTTP alone

    return received


ROUTES = [take_collectd, take_prometheus, open_collectd_network]
