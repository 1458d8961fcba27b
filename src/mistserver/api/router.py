"""The HTTP application: every route, its errors, and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler

from mistserver import __version__
from mistserver.api import (
    about,
    accounts,
    alerts,
    backends,
    catalog,
    channel,
    docs_page,
    events,
    health,
    jobs,
    keys,
    machines,
    metrics,
    monitoring,
    plugins,
    providers,
    rules,
    runs,
    users,
)
from mistserver.api.auth import Authenticate, provide_actor, provide_ctx
from mistserver.api.browser import COOKIE
from mistserver.api.errors import HANDLERS
from mistserver.domain.errors import NotFound
from mistserver.services.context import Context

PREFIX = "/api/v1"
NOUNS = (
    *(accounts, users, providers, backends, catalog, keys, machines, runs, jobs, events, channel, monitoring),
    *(plugins, rules, alerts, about),
    docs_page,
)

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(ctx: Context, lifespan: Lifespan | None = None) -> Litestar:
    """The application on one context; `lifespan` starts and stops what runs beside it."""
    handlers: list[ControllerRouterHandler] = [handler for noun in NOUNS for handler in noun.ROUTES]
    app = Litestar(
        route_handlers=[
            Router(PREFIX, route_handlers=handlers, before_request=_check_ids),
            health.healthz,
            health.readyz,
            metrics.show_metrics,
        ],
        dependencies={"ctx": Provide(provide_ctx), "actor": Provide(provide_actor)},
        middleware=[DefineMiddleware(Authenticate, exclude_from_auth_key="public")],
        exception_handlers=HANDLERS,
        openapi_config=_openapi(),
        request_max_body_size=ctx.settings.body_limit_bytes,
        logging_config=None,
        lifespan=[lifespan] if lifespan else [],
        response_cache_config=ResponseCacheConfig(default_expiration=None),
    )
    app.state.ctx = ctx
    return app


async def _check_ids(request: Request[Any, Any, Any]) -> None:
    """An id with a NUL is of nothing. PostgreSQL refuses to look for one, SQLite finds none."""
    if any("\0" in str(value) for name, value in request.path_params.items() if name.endswith("_id")):
        raise NotFound("There is nothing whose id holds a NUL character.")


def _openapi() -> OpenAPIConfig:
    bearer: Any = SecurityScheme(type="http", scheme="bearer", description="A token from POST /sessions or /tokens.")
    machine: Any = SecurityScheme(type="http", scheme="basic", description="A machine's id, and its own password.")
    cookie: Any = SecurityScheme(
        type="apiKey",
        name=COOKIE,
        security_scheme_in="cookie",
        description="A browser's session, from POST /sessions with `X-Mist-Console: 1`. It counts only for pages of "
        "this service, and for anything but a GET only with that header.",
    )
    return OpenAPIConfig(
        title="Mist",
        version=__version__,
        description="Manage and monitor servers across clouds. Every error has the shape of ErrorBody.",
        components=Components(security_schemes={"bearer": bearer, "cookie": cookie, "machine": machine}),
        security=[{"bearer": []}, {"cookie": []}],
        use_handler_docstrings=True,
        path=f"{PREFIX}/schema",
        render_plugins=[],
    )


__all__ = ["PREFIX", "create_app"]
