"""Every table of the product. The jobs engine keeps its own beside them."""

from __future__ import annotations

from mistserver.store.tables.accounts import accounts, attempts, idempotency, tokens, users
from mistserver.store.tables.alerts import alerts, channels, messages, rules, silences
from mistserver.store.tables.collectd import collectd_passwords
from mistserver.store.tables.columns import metadata
from mistserver.store.tables.inventory import associations, backends, host_keys, keys, machines, stars, tags
from mistserver.store.tables.jobs import events, job_items, job_output, job_steps, jobs
from mistserver.store.tables.monitoring import metrics, monitoring, plugins
from mistserver.store.tables.service import leases, meta, services, tickets

__all__ = [
    "accounts",
    "alerts",
    "associations",
    "attempts",
    "backends",
    "channels",
    "collectd_passwords",
    "events",
    "host_keys",
    "idempotency",
    "job_items",
    "job_output",
    "job_steps",
    "jobs",
    "keys",
    "leases",
    "machines",
    "messages",
    "meta",
    "metadata",
    "metrics",
    "monitoring",
    "plugins",
    "rules",
    "services",
    "silences",
    "stars",
    "tags",
    "tickets",
    "tokens",
    "users",
]
