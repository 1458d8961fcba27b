"""Vultr."""

from mistserver.providers.vultr.provider import Vultr

__all__ = ["Vultr"]
