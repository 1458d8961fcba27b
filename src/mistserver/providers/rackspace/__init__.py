"""Rackspace Cloud Servers, of both generations."""

from mistserver.providers.rackspace.provider import Rackspace

__all__ = ["Rackspace"]
