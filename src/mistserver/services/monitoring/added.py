"""A metric becomes part of a machine's graphs, or is that no more: the row and its event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor
from mistserver.domain.monitoring import Metric
from mistserver.services.machines.lookup import Found
from mistserver.store import events, monitoring


def add(connection: Connection, actor: Actor, found: Found, metric: Metric, at: datetime) -> None:
    """One that is there already is shown as this one says."""
    monitoring.add_metric(connection, found.machine.id, metric, at)
    message, details = f"{metric.id} is shown", {"metric_id": metric.id}
    events.record(connection, actor, "metric.added", subject=found.subject, message=message, details=details, at=at)


def remove(connection: Connection, actor: Actor, found: Found, metric_id: str, at: datetime) -> bool:
    """False when it had not been added."""
    if not monitoring.remove_metric(connection, found.machine.id, metric_id):
        return False
    message, details = f"{metric_id} is not shown any more", {"metric_id": metric_id}
    events.record(connection, actor, "metric.removed", subject=found.subject, message=message, details=details, at=at)
    return True
