"""Metrics in VictoriaMetrics, which several services may share."""

from mistserver.monitoring.victoria.store import VictoriaStore

__all__ = ["VictoriaStore"]
