"""EC2's regions are today's."""

from __future__ import annotations

import pytest

from mistserver.providers.ec2.regions import ALIASES, REGIONS, default_name, vendors_id


def test_every_region_of_today_is_offered_once() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    today = {id for part in session.get_available_partitions() for id in session.get_available_regions("ec2", part)}
    ours = [vendors_id(region.id) for region in REGIONS]
    assert sorted(ours) == sorted(today)
    assert len(ours) == len(set(ours))


def test_old_regions_come_first_under_their_old_names() -> None:
    assert [region.id for region in REGIONS[:3]] == ["ec2_ap_northeast", "ec2_ap_southeast", "ec2_ap_southeast_2"]
    assert ALIASES["us-west-2"] == "ec2_us_west_oregon"
    assert default_name("ec2_ap_southeast_2") == "EC2 AP Sydney"
    assert default_name("eu-central-1") == "EC2 Frankfurt"
