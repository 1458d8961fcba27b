"""Hypervisors with libvirt: their guests, and the hypervisor itself, as machines."""

from mistserver.providers.libvirt.provider import Libvirt

__all__ = ["Libvirt"]
