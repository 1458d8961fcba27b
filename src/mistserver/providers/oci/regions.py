"""Oracle Cloud's regions, and where the APIs of a realm are: https://docs.oracle.com/en-us/iaas/Content/General/Concepts/regions.htm"""

from __future__ import annotations

import re
from types import MappingProxyType

from mistserver.domain.errors import InvalidInput
from mistserver.providers.base import Region

REGIONS = tuple(
    Region(id, title)
    for id, title in (
        ("af-casablanca-1", "Casablanca"),
        ("af-johannesburg-1", "Johannesburg"),
        ("ap-batam-1", "Batam"),
        ("ap-chuncheon-1", "Chuncheon"),
        ("ap-delhi-1", "Delhi"),
        ("ap-hyderabad-1", "Hyderabad"),
        ("ap-kulai-2", "Kulai"),
        ("ap-melbourne-1", "Melbourne"),
        ("ap-mumbai-1", "Mumbai"),
        ("ap-osaka-1", "Osaka"),
        ("ap-seoul-1", "Seoul"),
        ("ap-singapore-1", "Singapore"),
        ("ap-singapore-2", "Singapore 2"),
        ("ap-sydney-1", "Sydney"),
        ("ap-tokyo-1", "Tokyo"),
        ("ca-montreal-1", "Montreal"),
        ("ca-toronto-1", "Toronto"),
        ("eu-amsterdam-1", "Amsterdam"),
        ("eu-frankfurt-1", "Frankfurt"),
        ("eu-madrid-1", "Madrid"),
        ("eu-madrid-3", "Madrid 3"),
        ("eu-marseille-1", "Marseille"),
        ("eu-milan-1", "Milan"),
        ("eu-paris-1", "Paris"),
        ("eu-stockholm-1", "Stockholm"),
        ("eu-turin-1", "Turin"),
        ("eu-zurich-1", "Zurich"),
        ("il-jerusalem-1", "Jerusalem"),
        ("me-abudhabi-1", "Abu Dhabi"),
        ("me-dubai-1", "Dubai"),
        ("me-jeddah-1", "Jeddah"),
        ("me-riyadh-1", "Riyadh"),
        ("mx-monterrey-1", "Monterrey"),
        ("mx-queretaro-1", "Queretaro"),
        ("sa-bogota-1", "Bogota"),
        ("sa-santiago-1", "Santiago"),
        ("sa-saopaulo-1", "Sao Paulo"),
        ("sa-valparaiso-1", "Valparaiso"),
        ("sa-vinhedo-1", "Vinhedo"),
        ("uk-cardiff-1", "Newport"),
        ("uk-london-1", "London"),
        ("us-ashburn-1", "Ashburn"),
        ("us-chicago-1", "Chicago"),
        ("us-phoenix-1", "Phoenix"),
        ("us-saltlake-2", "Salt Lake City"),
        ("us-sanjose-1", "San Jose"),
    )
)
_DOMAINS = MappingProxyType(
    {
        "oc1": "oraclecloud.com",
        "oc2": "oraclegovcloud.com",
        "oc3": "oraclegovcloud.com",
        "oc4": "oraclegovcloud.uk",
        "oc19": "oraclecloud.eu",
    }
)
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+){1,4}")


def endpoint(service: str, region: str, realm: str) -> str:
    """The URL of a service; `realm` is what the tenancy's OCID names (`oc1` is the commercial one)."""
    if not _REGION.fullmatch(region):
        raise InvalidInput(f"Oracle Cloud has no region {region[:80]!a}.", field="region")
    return f"https://{service}.{region}.{_DOMAINS.get(realm) or f'oraclecloud{realm[2:]}.com'}"
