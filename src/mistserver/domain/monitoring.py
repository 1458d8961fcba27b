"""What Mist knows of a machine that it monitors, and of metrics. Numbers themselves are not here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Monitoring(msgspec.Struct, frozen=True, kw_only=True):
    """`agent`: collectd put there by Mist; `agentless`: sampled by the service; `by_hand`: whoever holds the machine's
    password sends.

    `tunnel_port` is where the agent posts on its own machine when that cannot reach the service. Of an agent:
    `collectd_has` are the plugins that are installed there, `collectd_loads` those that users had it load.
    """

    machine_id: str
    way: str  # "agent", "agentless" or "by_hand"
    enabled_at: datetime
    installed_at: datetime | None = None
    interval_s: int = 10
    tunnel_port: int | None = None
    collectd_has: tuple[str, ...] = ()
    collectd_loads: tuple[str, ...] = ()


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """`shown`: part of the machine's graphs and of its stats unless others are asked for.

    `newest_at` is when the newest sample was taken; None for what has not come yet. `loadable`: a plugin that the
    machine's collectd has and does not load; adding it has it loaded.
    """

    id: str
    name: str
    unit: str = ""
    min_value: float | None = None
    max_value: float | None = None
    priority: int = 0
    shown: bool = False
    newest_at: datetime | None = None
    loadable: bool = False


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """A Python file that makes a metric on a machine: `mist.python.<id>`.

    `trouble` says why it is not run any more; None while it is.
    """

    id: str
    machine_id: str
    name: str
    metric_id: str
    unit: str
    value_type: str  # "gauge" or "derive"
    changed_at: datetime
    trouble: str | None = None


class MetricStats(msgspec.Struct, frozen=True, kw_only=True):
    """One metric over time: `datapoints` are [value or None, second since 1970], a step apart."""

    name: str
    unit: str
    min_value: float | None
    max_value: float | None
    priority: int
    datapoints: list[list[Any]]


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """`start`, `stop` and `step` in seconds, as they were answered: a step is never finer than what is kept."""

    machine_id: str
    start: int
    stop: int
    step: int
    metrics: dict[str, MetricStats]
