"""Docker Engine: containers as machines."""

from mistserver.providers.docker.provider import Docker

__all__ = ["Docker"]
