"""Prometheus metrics about Mist itself, never about one account's things."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from mistserver.api.auth import address_of, bearer
from mistserver.api.given import Ctx
from mistserver.domain.account import Scope
from mistserver.services import status
from mistserver.services.accounts import sessions

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
registry = CollectorRegistry()
ProcessCollector(registry=registry)
_requests = Counter("mist_http_requests", "HTTP requests.", ["method", "route", "status"], registry=registry)
_seconds = Histogram("mist_http_request_seconds", "Time of HTTP requests.", ["route"], registry=registry)
_jobs = Gauge("mist_jobs", "Jobs by state.", ["state"], registry=registry)
_backends = Gauge("mist_backends", "Backends by state.", ["state"], registry=registry)
_machines = Gauge("mist_machines", "Machines by state.", ["state"], registry=registry)
_monitored = Gauge(
    "mist_machines_monitored", "Monitored machines by the way in which samples come.", ["way"], registry=registry
)
_alerts = Gauge("mist_alerts", "Alerts by state.", ["state"], registry=registry)
_channels = Gauge("mist_alert_channels", "Channels by whether they take messages.", ["state"], registry=registry)
_messages = Gauge("mist_alert_messages_waiting", "What channels are still to be told of alerts.", registry=registry)
_refused = Gauge("mist_samples_refused", "Samples of machines that were not taken, by why.", ["why"], registry=registry)


def count_request(method: str, route: str, code: int, took_s: float) -> None:
    _requests.labels(method, route, str(code)).inc()
    _seconds.labels(route).observe(took_s)


@get("/metrics", public=True, include_in_schema=False)
async def show_metrics(request: Request[Any, Any, Any], ctx: Ctx) -> Response[bytes]:
    """Open on a service that listens on loopback alone; otherwise an admin's token is asked for."""
    if not status.only_loopback(ctx):
        actor = await sessions.authenticate(ctx, bearer(request), address_of(request), "")
        actor.require(Scope.ADMIN)
    counts = await status.count(ctx)
    by_label = ((_jobs, counts.jobs), (_backends, counts.backends), (_machines, counts.machines))
    of_alerts = ((_monitored, counts.monitored), (_alerts, counts.alerts), (_channels, counts.channels))
    for gauge, values in (*by_label, *of_alerts, (_refused, ctx.metrics.refused)):
        gauge.clear()
        for state, number in values.items():
            gauge.labels(state).set(number)
    _messages.set(counts.messages)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")
