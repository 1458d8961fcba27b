"""Azure's classic service management API, which Microsoft has switched off; for endpoints that still speak it."""

from mistserver.providers.azure.provider import Azure

__all__ = ["Azure"]
