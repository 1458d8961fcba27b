"""What Linode once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.linode import Linode
from tests.lab.recorded import Recorded

MOCK = ("test_linode_v4", "LinodeMockHttpV4")
ID = "22344420"


def opened(cloud: Recorded) -> Linode:
    provider = Linode(Account(settings=Linode.read_settings({"api_key": "t"}), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    with Recorded(*MOCK) as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: Recorded) -> Iterator[Linode]:
    provider = opened(cloud)
    yield provider
    provider.close()


def test_machines(provider: Linode) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, first.name, first.state) == (ID, "test_2", MachineState.RUNNING)
    assert first.public_ips == ("138.89.34.81", "2a01:7e00::f03c:92ff:fe48:dc47")
    assert first.private_ips == ("192.168.1.230",)
    assert (first.size, first.image, first.location) == ("g6-nanode-1", "linode/centos7", "eu-west")
    assert first.tags == ("123", "abcdefg", "testing")
    assert first.created_at == datetime(2020, 10, 8, 18, 51, 29, tzinfo=UTC)
    assert second.private_ips == ()


def test_one_machine(provider: Linode) -> None:
    assert provider.known(ID).external_id == ID


def test_sizes_have_their_price(provider: Linode) -> None:
    sizes = provider.list_sizes()
    assert len(sizes) == 28
    assert (sizes[0].id, sizes[0].cores, sizes[0].ram_mb, sizes[0].disk_gb) == ("g6-nanode-1", 1, 1024, 25)
    assert (sizes[0].price, sizes[0].currency) == (0.0075, "USD")


def test_images(provider: Linode) -> None:
    ids = [image.id for image in provider.list_images()]
    assert {"linode/ubuntu20.04", "linode/ubuntu18.04", "linode/debian10"} <= set(ids)
    assert not {"linode/ubuntu16.04lts", "linode/debian8"} & set(ids)
    assert [image.id for image in provider.list_images("alpine3.9")] == ["linode/alpine3.9"]


def test_images_on_two_pages() -> None:
    with Recorded(*MOCK, kind="PAGINATED") as cloud:
        assert len(opened(cloud).list_images("all")) == 34


def test_locations(provider: Linode) -> None:
    locations = provider.list_locations()
    assert (locations[0].id, locations[0].country) == ("ap-west", "IN")
    assert len(locations) == 10


def test_a_create(provider: Linode) -> None:
    spec = MachineSpec(name="TestNode", mark="m", image="linode/centos7", size="g6-nanode-1", location="eu-west")
    machine = provider.create(spec)
    assert (machine.external_id, machine.state) == ("45501392", MachineState.PENDING)


def test_power_and_destroy(provider: Linode, cloud: Recorded) -> None:
    provider.stop(ID)
    provider.reboot(ID)
    provider.destroy(ID)
    told = [each.path.removeprefix(f"/v4/linode/instances/{ID}") for each in cloud.seen if each.method != "GET"]
    assert told == ["/shutdown", "/reboot", ""]


def test_a_refused_token() -> None:
    with Recorded(*MOCK, kind="UNAUTHORIZED") as cloud, pytest.raises(errors.ProviderAuthFailed, match="Invalid Token"):
        opened(cloud).list_machines()
