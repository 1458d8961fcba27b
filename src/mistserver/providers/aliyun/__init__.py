"""Alibaba Cloud's Elastic Compute Service: https://www.alibabacloud.com/help/en/ecs/developer-reference/"""

from mistserver.providers.aliyun.provider import Aliyun

__all__ = ["Aliyun"]
