"""LXD and Incus through their REST API: https://documentation.ubuntu.com/lxd/stable-5.0/api/"""

from mistserver.providers.lxd.provider import Lxd

__all__ = ["Lxd"]
