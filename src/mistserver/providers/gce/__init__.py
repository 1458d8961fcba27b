"""Google Compute Engine."""

from mistserver.providers.gce.provider import Gce

__all__ = ["Gce"]
