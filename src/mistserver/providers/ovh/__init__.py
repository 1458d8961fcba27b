"""OVHcloud's Public Cloud: https://eu.api.ovh.com/console/?section=%2Fcloud&branch=v1"""

from mistserver.providers.ovh.provider import Ovh

__all__ = ["Ovh"]
