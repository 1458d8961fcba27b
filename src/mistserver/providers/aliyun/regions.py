"""Alibaba Cloud's regions: https://www.alibabacloud.com/help/en/ecs/product-overview/regions-and-zones"""

from __future__ import annotations

from mistserver.providers.base import Region

REGIONS = (
    Region("cn-hangzhou", "Hangzhou"),
    Region("cn-shanghai", "Shanghai"),
    Region("cn-nanjing", "Nanjing"),
    Region("cn-fuzhou", "Fuzhou"),
    Region("cn-wuhan-lr", "Wuhan"),
    Region("cn-qingdao", "Qingdao"),
    Region("cn-beijing", "Beijing"),
    Region("cn-zhangjiakou", "Zhangjiakou"),
    Region("cn-huhehaote", "Hohhot"),
    Region("cn-wulanchabu", "Ulanqab"),
    Region("cn-shenzhen", "Shenzhen"),
    Region("cn-heyuan", "Heyuan"),
    Region("cn-guangzhou", "Guangzhou"),
    Region("cn-chengdu", "Chengdu"),
    Region("cn-hongkong", "Hong Kong"),
    Region("ap-northeast-1", "Tokyo"),
    Region("ap-northeast-2", "Seoul"),
    Region("ap-southeast-1", "Singapore"),
    Region("ap-southeast-3", "Kuala Lumpur"),
    Region("ap-southeast-5", "Jakarta"),
    Region("ap-southeast-6", "Manila"),
    Region("ap-southeast-7", "Bangkok"),
    Region("us-west-1", "Silicon Valley"),
    Region("us-east-1", "Virginia"),
    Region("na-south-1", "Mexico"),
    Region("eu-central-1", "Frankfurt"),
    Region("eu-west-1", "London"),
    Region("me-east-1", "Dubai"),
    Region("me-central-1", "Riyadh"),
)
