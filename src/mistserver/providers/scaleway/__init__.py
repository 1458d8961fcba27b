"""Scaleway's Instances: https://www.scaleway.com/en/developers/api/instances/"""

from mistserver.providers.scaleway.provider import Scaleway

__all__ = ["Scaleway"]
