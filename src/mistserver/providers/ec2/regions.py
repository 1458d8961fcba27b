"""EC2's regions: the eight that Mist has always had, under their old ids, then every other of today's."""

from __future__ import annotations

from types import MappingProxyType

from mistserver.providers.base import Region

# Mist's id, title, the vendor's id, the name of a backend that was given none
_FIRST = (
    ("ec2_ap_northeast", "Tokyo", "ap-northeast-1", "EC2 AP NORTHEAST"),
    ("ec2_ap_southeast", "Singapore", "ap-southeast-1", "EC2 AP SOUTHEAST"),
    ("ec2_ap_southeast_2", "Sydney", "ap-southeast-2", "EC2 AP Sydney"),
    ("ec2_eu_west", "Ireland", "eu-west-1", "EC2 EU Ireland"),
    ("ec2_sa_east", "Sao Paulo", "sa-east-1", "EC2 SA EAST"),
    ("ec2_us_east", "N. Virginia", "us-east-1", "EC2 US EAST"),
    ("ec2_us_west", "N. California", "us-west-1", "EC2 US WEST"),
    ("ec2_us_west_oregon", "Oregon", "us-west-2", "EC2 US WEST OREGON"),
)

# The vendor's id is the region's id. A test compares both tables with the regions that botocore knows.
_OTHERS = (
    ("af-south-1", "Cape Town"),
    ("ap-east-1", "Hong Kong"),
    ("ap-east-2", "Taipei"),
    ("ap-northeast-2", "Seoul"),
    ("ap-northeast-3", "Osaka"),
    ("ap-south-1", "Mumbai"),
    ("ap-south-2", "Hyderabad"),
    ("ap-southeast-3", "Jakarta"),
    ("ap-southeast-4", "Melbourne"),
    ("ap-southeast-5", "Malaysia"),
    ("ap-southeast-6", "New Zealand"),
    ("ap-southeast-7", "Thailand"),
    ("ca-central-1", "Canada Central"),
    ("ca-west-1", "Calgary"),
    ("eu-central-1", "Frankfurt"),
    ("eu-central-2", "Zurich"),
    ("eu-north-1", "Stockholm"),
    ("eu-south-1", "Milan"),
    ("eu-south-2", "Spain"),
    ("eu-west-2", "London"),
    ("eu-west-3", "Paris"),
    ("il-central-1", "Tel Aviv"),
    ("me-central-1", "UAE"),
    ("me-south-1", "Bahrain"),
    ("mx-central-1", "Mexico"),
    ("us-east-2", "Ohio"),
    ("cn-north-1", "Beijing"),
    ("cn-northwest-1", "Ningxia"),
    ("us-gov-east-1", "GovCloud US-East"),
    ("us-gov-west-1", "GovCloud US-West"),
    ("eusc-de-east-1", "European Sovereign Cloud"),
    ("us-iso-east-1", "US ISO East"),
    ("us-iso-west-1", "US ISO West"),
    ("us-isob-east-1", "US ISOB East"),
    ("us-isob-west-1", "US ISOB West"),
    ("us-isof-east-1", "US ISOF East"),
    ("us-isof-south-1", "US ISOF South"),
    ("eu-isoe-west-1", "EU ISOE West"),
)

REGIONS = tuple(Region(id, title) for id, title, _, _ in _FIRST) + tuple(Region(id, title) for id, title in _OTHERS)
ALIASES = MappingProxyType({vendors: id for id, _, vendors, _ in _FIRST})
_VENDORS = {id: vendors for id, _, vendors, _ in _FIRST}
_NAMES = {id: name for id, _, _, name in _FIRST} | {id: f"EC2 {title}" for id, title in _OTHERS}


def vendors_id(region: str) -> str:
    """What the vendor calls the region."""
    return _VENDORS.get(region, region)


def default_name(region: str) -> str:
    """What a backend in the region is called when it was given no name."""
    return _NAMES[region]
