"""First set-up, signing in and out, and who one is."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.params import JSONBody

from mistserver.api.auth import address_of
from mistserver.api.browser import Console, end_session, give_session, kept_token, refuse_foreign
from mistserver.api.given import Ctx, Who
from mistserver.api.routes import delete, get, post
from mistserver.api.session_names import session_name
from mistserver.services.accounts import me, sessions, setup
from mistserver.services.accounts.issue import actor_of
from mistserver.services.accounts.me import Me
from mistserver.services.accounts.sessions import Session, SignIn
from mistserver.services.accounts.setup import Claim, SetupState
from mistserver.services.backends.this_host import add_this_host


@get("/setup", public=True)
async def setup_state(ctx: Ctx) -> SetupState:
    """Whether the service still waits for its first user."""
    return await setup.needed(ctx)


@post("/setup", public=True, security=[])
async def claim(
    ctx: Ctx, request: Request[Any, Any, Any], data: JSONBody[Claim], console: Console = None
) -> Response[Session]:
    """Create the first account and its admin with the one-time code that the service printed at its start."""
    if console:
        refuse_foreign(request)
    request_id = request.scope["state"].get("request_id", "")
    name = session_name(request, console) if console else "setup"
    session = await setup.claim(ctx, data, address_of(request), request_id, name)
    await add_this_host(ctx, actor_of(session.user))
    return give_session(request, session, console)


@post("/sessions", public=True, security=[])
async def sign_in(
    ctx: Ctx, request: Request[Any, Any, Any], data: JSONBody[SignIn], console: Console = None
) -> Response[Session]:
    """Exchange an email and password for a token. In a browser it takes the place of the session that is there."""
    if console:
        refuse_foreign(request)
    named = data if data.name else msgspec.structs.replace(data, name=session_name(request, console))
    request_id = request.scope["state"].get("request_id", "")
    session = await sessions.sign_in(ctx, named, address_of(request), request_id, kept_token(request, console))
    if data.code:
        await add_this_host(ctx, actor_of(session.user))
    return give_session(request, session, console)


@delete("/sessions/current")
async def sign_out(ctx: Ctx, actor: Who, request: Request[Any, Any, Any]) -> Response[None]:
    """Make the token of this request void, and a browser forget it."""
    await sessions.sign_out(ctx, actor)
    return end_session(request)


@get("/me")
async def describe_me(ctx: Ctx, actor: Who) -> Me:
    """The user behind this token, its account and plan."""
    return await me.describe(ctx, actor)


ROUTES = [setup_state, claim, sign_in, sign_out, describe_me]
