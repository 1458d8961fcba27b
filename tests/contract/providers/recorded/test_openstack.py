"""What OpenStack clouds answered between 2011 and 2017, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.openstack import OpenStack
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Reply, Request

KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC/ePvJuMEOc90gidxWN+8lYekv+S6j8SJhcQRBjE5DVs/M+3VXyJTQc6fguUS9c7o8GZXpP/0d"
    "wbVa9y76HeZs6In+XE1egoUyz4zLHQ5jUepFeekChpSlo6yQWI2SHUxJOshqPLOEU1XlrwvN0h5FcXGVV0x6DJgLZuCRS7oIxQ=="
)


class _Cloud(Recorded):
    """The recordings have one address for all services, told apart by a version that is put behind it.

    None is of a Keystone's list of versions: that is closed here.
    """

    def __init__(self) -> None:
        super().__init__("test_openstack", "OpenStack_2_0_MockHttp", {"https://test_endpoint.com": "{url}"})

    def turn(self, kind: str) -> None:
        """From now on the recordings of this kind; there are none of a sign-in among them."""
        self._mock.type = kind

    def handle(self, request: Request) -> Answer:
        if request.path == "/":
            return Reply(404, {"error": {"code": 404, "title": "Not Found", "message": "Could not find it."}})
        for name, version in (("images", "v2"), ("networks", "v2.0"), ("subnets", "v2.0")):
            if request.path == f"/v2/1337/{name}":
                request = replace(request, path=f"/v2/1337/{version}/{name}")
        return super().handle(request)


@contextmanager
def opened(cloud: Recorded) -> Iterator[OpenStack]:
    given = {"username": "u", "password": "p", "tenant_name": "t", "auth_url": cloud.url + "/v2.0"}
    provider = OpenStack(Account(settings=OpenStack.read_settings(given), region="RegionOne"))
    yield provider
    provider.close()


@pytest.fixture
def provider() -> Iterator[OpenStack]:
    with _Cloud() as cloud, opened(cloud) as provider:
        yield provider


def test_machines(provider: OpenStack) -> None:
    building, running = provider.list_machines()
    assert (building.external_id, building.name, building.state) == ("12065", "lc-test-2", MachineState.PENDING)
    assert (building.size, building.image) == ("2", "7")
    assert building.created_at == datetime(2011, 10, 11, 0, 51, 39, tzinfo=UTC)
    assert building.public_ips == (
        *("192.168.3.3", "2.2.2.2", "172.16.1.1"),
        *("50.57.94.35", "2001:4801:7808:52:16:3eff:fe47:788a", "12.16.18.28", "1.1.1.1"),
    )
    assert building.private_ips == ("10.182.64.34", "fec0:4801:7808:52:16:3eff:fe60:187d", "10.3.3.3")
    assert running.state is MachineState.RUNNING
    assert Action.STOP in running.actions


def test_one_machine(provider: OpenStack) -> None:
    machine = provider.known("12064")
    assert (machine.name, machine.state) == ("lc-test", MachineState.RUNNING)


def test_a_machine_in_an_error_that_was_made_from_no_image() -> None:
    with _Cloud() as cloud, opened(cloud) as provider:
        assert provider.cloud.region == "RegionOne"
        cloud.turn("ERROR_STATE_NO_IMAGE_ID")
        (machine,) = provider.list_machines()
    assert (machine.state, machine.image, machine.size) == (MachineState.ERROR, None, "4")
    assert machine.extra["reason"].startswith("The server has either erred or is incapable of performing")


def test_the_catalog(provider: OpenStack) -> None:
    """The images were recorded on two pages."""
    images = provider.list_images("all")
    assert [each.name for each in images] == ["hypernode"] * 3
    assert len({each.id for each in images}) == 3
    sizes = {each.id: each for each in provider.list_sizes()}
    assert (sizes["7"].ram_mb, sizes["7"].cores, sizes["7"].disk_gb) == (16384, 8, 620)
    assert sizes["7"].price is None
    networks = {each.name: each for each in provider.list_networks()}
    assert networks["net1"].subnets[0]["cidr"] == "192.0.0.0/8"
    assert networks["net1"].status == "ACTIVE"


def test_a_create(provider: OpenStack) -> None:
    spec = MachineSpec(name="racktest", mark="m", image="7", size="1", key_name="key1", public_key=KEY)
    assert provider.create(spec).external_id == "26f7fbee-8ce1-4c28-887a-bfe8e4bb10fe"


def test_power_and_an_end(provider: OpenStack) -> None:
    provider.reboot("12064")
    provider.stop("12064")
    provider.destroy("12064")


def test_a_refused_token() -> None:
    with _Cloud() as cloud, opened(cloud) as provider:
        assert provider.cloud.region == "RegionOne"
        cloud.turn("UNAUTHORIZED")
        with pytest.raises(errors.ProviderAuthFailed):
            provider.list_machines()
