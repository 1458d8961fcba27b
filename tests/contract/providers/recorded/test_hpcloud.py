"""HP Helion Cloud on what OpenStack clouds of its years answered; of its own nothing was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.hpcloud import HpCloud
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Reply

RENAME = {"https://test_endpoint.com": "{url}", "RegionOne": "region-a.geo-1", '"image"': '"none"'}


def provider_at(cloud: Recorded, region: str) -> HpCloud:
    settings = HpCloud.read_settings({"username": "u", "password": "p", "tenant_name": "t"})
    return HpCloud(Account(settings=settings, region=region, endpoint=cloud.url + "/v2.0"))


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    """Without the image service, which HP had not at first; the list of versions, which nobody recorded, is closed."""
    closed = Reply(404, {"error": {"code": 404, "title": "Not Found", "message": "Could not find it."}})
    with Recorded("test_openstack", "OpenStack_2_0_MockHttp", RENAME) as cloud, cloud.refusing("GET", "/", closed):
        yield cloud


def test_a_region(cloud: Recorded) -> None:
    provider = provider_at(cloud, "region-a.geo-1")
    machines = provider.list_machines()
    assert [(each.external_id, each.state) for each in machines] == [
        ("12065", MachineState.PENDING),
        ("12064", MachineState.RUNNING),
    ]
    assert {each.id for each in provider.list_sizes()} >= {"1", "7"}
    assert provider.list_images("all")[0].name == "Windows 2008 SP2 x86 (B24)"
    made = provider.create(MachineSpec(name="racktest", mark="m", image="7", size="1"))
    assert made.external_id == "26f7fbee-8ce1-4c28-887a-bfe8e4bb10fe"
    provider.reboot("12064")
    provider.destroy("12064")
    provider.close()


def test_a_region_that_the_catalogue_lacks(cloud: Recorded) -> None:
    with pytest.raises(InvalidInput, match=r"no region 'region-b\.geo-1'; it has .*region-a\.geo-1"):
        provider_at(cloud, "region-b.geo-1").check()
