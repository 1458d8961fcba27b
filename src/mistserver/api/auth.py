"""Who asks: every route wants a token, as bearer or in a browser's cookie, unless it says `public=True`."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from mistserver.api import browser
from mistserver.domain.account import Actor
from mistserver.domain.errors import NotSignedIn
from mistserver.services.accounts import sessions
from mistserver.services.context import Context


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token of the Authorization header, else of the console's cookie, or NotSignedIn."""
    header = connection.headers.get("authorization", "")
    if not header and (kept := browser.token_of(connection)):
        return kept
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("Sign in first: send a token as 'Authorization: Bearer mist_...'.")
    return token.strip()


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The caller's address; behind a trusted proxy the server has already put the real one in."""
    return connection.client.host if connection.client else ""


class Authenticate(AbstractAuthenticationMiddleware):
    """Turns the token into an Actor; runs before a body is read."""

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        ctx: Context = connection.app.state.ctx
        request_id = connection.scope["state"].get("request_id", "")
        actor = await sessions.authenticate(ctx, bearer(connection), address_of(connection), request_id)
        return AuthenticationResult(user=actor, auth=None)


async def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    actor: Actor = request.scope["user"]
    return actor


async def provide_ctx(state: State) -> Context:
    ctx: Context = state.ctx
    return ctx
