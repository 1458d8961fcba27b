"""Private and public clouds built with OpenStack."""

from mistserver.providers.openstack.provider import OpenStack

__all__ = ["OpenStack"]
