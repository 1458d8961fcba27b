"""UpCloud."""

from mistserver.providers.upcloud.provider import UpCloud

__all__ = ["UpCloud"]
