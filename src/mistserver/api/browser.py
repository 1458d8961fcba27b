"""Sessions of browsers: the token in a cookie that scripts cannot read, and what keeps other sites from using it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.params import HeaderParameter

from mistserver.domain.errors import Forbidden
from mistserver.services.accounts.issue import Session
from mistserver.services.context import Context

COOKIE = "mist_session"
_MARK = "x-mist-console"  # another origin cannot send it without asking first, and is never allowed to
_SAFE = ("GET", "HEAD", "OPTIONS")

Console = Annotated[
    str | None,
    HeaderParameter(
        name="X-Mist-Console",
        description="1: keep the token in the cookie `mist_session` (HttpOnly) instead of telling it in the answer.",
    ),
]


def give_session(request: Request[Any, Any, Any], session: Session, console: str | None) -> Response[Session]:
    """The answer to a sign-in. In a browser the token goes into the cookie alone, where no script finds it."""
    if console != "1":
        return Response(session)
    age_s = max(1, int((session.expires_at - request.app.state.ctx.now()).total_seconds()))
    kept = msgspec.structs.replace(session, token="")
    return Response(kept, cookies=[_cookie(request, session.token, age_s)])


def kept_token(request: Request[Any, Any, Any], console: str | None) -> str:
    """The token in the cookie that an answer to the console will replace; '' without one."""
    return request.cookies.get(COOKIE, "") if console == "1" else ""


def end_session(request: Request[Any, Any, Any]) -> Response[None]:
    """Tell the browser to forget the cookie, where there is one."""
    cookies = [_cookie(request, "", 0)] if COOKIE in request.cookies else []
    return Response(None, status_code=204, cookies=cookies)


def token_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The token of the cookie; Forbidden when another site, or a form, has sent it. None without a cookie."""
    token = connection.cookies.get(COOKIE)
    if token:
        refuse_foreign(connection)
    return token


def refuse_foreign(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Forbidden unless the request comes from a page of this service; what changes anything says so in a header too."""
    site = connection.headers.get("sec-fetch-site", "same-origin")
    origin = connection.headers.get("origin")
    unmarked = connection.scope.get("method") not in _SAFE and connection.headers.get(_MARK) != "1"
    if unmarked or site not in ("same-origin", "none") or (origin is not None and not is_own(connection, origin)):
        raise Forbidden(
            "A browser's session counts only for pages of this service; others need a token "
            "(and the header X-Mist-Console: 1 goes with everything that is not a GET)."
        )


def is_own(connection: ASGIConnection[Any, Any, Any, Any], origin: str) -> bool:
    """Whether an Origin header names this service, by the address that was asked or the public one."""
    ctx: Context = connection.app.state.ctx
    host = urlsplit(origin).netloc
    return bool(host) and host in (connection.headers.get("host"), urlsplit(ctx.settings.public_url).netloc)


def _cookie(request: Request[Any, Any, Any], value: str, age_s: int) -> Cookie:
    secure = request.scope["scheme"] == "https"  # by our own TLS, or as a trusted proxy says
    return Cookie(key=COOKIE, value=value, max_age=age_s, path="/", httponly=True, samesite="strict", secure=secure)
