"""What wraps every request: its id, its log line, its count, and headers that keep answers out of caches."""

from __future__ import annotations

import logging
import re
import time
from contextvars import ContextVar

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from mistserver.api import metrics
from mistserver.domain.ids import new_id

log = logging.getLogger("mist.access")
request_id: ContextVar[str] = ContextVar("request_id", default="")
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


def observe(app: ASGIApp) -> ASGIApp:
    """Wraps the whole application, unknown addresses too. A caller's own X-Request-Id is kept when it is harmless."""

    async def observed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        this_id = given if _GIVEN.match(given) else new_id()
        scope.setdefault("state", {})["request_id"] = this_id
        token = request_id.set(this_id)
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", []))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = [*headers, (b"x-request-id", this_id.encode()), *SECURITY_HEADERS]
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        finally:
            _account(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    return observed


def _account(scope: HTTPScope, status: int, took_s: float) -> None:
    route = str(scope.get("path_template") or "unmatched")
    metrics.count_request(str(scope["method"]), route, status, took_s)
    actor = scope.get("user")
    level = logging.DEBUG if scope["state"].get("routine") else logging.INFO
    log.log(
        level,
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "took_ms": round(took_s * 1000, 1),
            "user": getattr(actor, "email", ""),
            "address": (scope.get("client") or ("",))[0],
        },
    )
