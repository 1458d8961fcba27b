"""The machine that the service itself runs on."""

from mistserver.providers.localhost.provider import Localhost

__all__ = ["Localhost"]
