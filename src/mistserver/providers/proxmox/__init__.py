"""Proxmox VE through its API: https://pve.proxmox.com/pve-docs/api-viewer/"""

from mistserver.providers.proxmox.provider import Proxmox

__all__ = ["Proxmox"]
