"""Hetzner Cloud."""

from mistserver.providers.hetzner.provider import Hetzner

__all__ = ["Hetzner"]
