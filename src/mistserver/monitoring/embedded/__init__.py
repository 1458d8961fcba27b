"""The store of metrics that needs nothing beside the data directory."""

from mistserver.monitoring.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
