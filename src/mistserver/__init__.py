"""The service: REST and WebSocket in front, providers, SSH and durable jobs behind."""

__version__ = "1.0.0"
