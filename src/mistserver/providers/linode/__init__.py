"""Linode (Akamai)."""

from mistserver.providers.linode.provider import Linode

__all__ = ["Linode"]
