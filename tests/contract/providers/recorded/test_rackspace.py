"""What Rackspace answered, for both of its generations, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.rackspace import Rackspace
from tests.lab.recorded import Recorded

FIRST = ("test_openstack", "OpenStackMockHttp")
FIRST_AT = {"https://servers.api.rackspacecloud.com": "{url}"}
NEXT = ("test_rackspace", "RackspaceNovaMockHttp")
REGIONS = ("dfw", "ord", "iad", "syd", "hkg")


@contextmanager
def opened(cloud: Recorded, region: str) -> Iterator[Rackspace]:
    settings = Rackspace.read_settings({"username": "u", "api_key": "k"})
    provider = Rackspace(Account(settings=settings, region=region, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


@pytest.fixture(params=REGIONS)
def provider(request: pytest.FixtureRequest) -> Iterator[Rackspace]:
    rename = {f"https://{request.param}.servers.api.rackspacecloud.com": "{url}"}
    with Recorded(*NEXT, rename) as cloud, opened(cloud, request.param) as provider:
        yield provider


def test_a_region(provider: Rackspace) -> None:
    machines = provider.list_machines()
    assert [each.external_id for each in machines] == ["12065", "12064"]
    assert machines[1].state is MachineState.RUNNING
    sizes = {each.id: each for each in provider.list_sizes()}
    assert (sizes["2"].ram_mb, sizes["2"].disk_gb) == (512, 20)
    spec = MachineSpec(name="racktest", mark="m", image="7", size="1")
    assert provider.create(spec).external_id == "26f7fbee-8ce1-4c28-887a-bfe8e4bb10fe"
    provider.reboot("12064")
    provider.destroy("12064")


def test_prices_are_those_of_the_region() -> None:
    for region, price in (("dfw", 0.022), ("syd", 0.026)):
        with (
            Recorded(*NEXT, {f"https://{region}.servers.api.rackspacecloud.com": "{url}"}) as cloud,
            opened(cloud, region) as provider,
        ):
            small = next(each for each in provider.list_sizes() if each.id == "2")
            assert (small.price, small.currency) == (price, "USD")
            assert small.price_date


def test_london_is_another_catalogue() -> None:
    rename = {"https://lon.servers.api.rackspacecloud.com": "{url}"}
    with Recorded("test_rackspace", "RackspaceNovaLonMockHttp", rename) as cloud, opened(cloud, "lon") as provider:
        assert provider.list_machines()


@pytest.fixture
def first() -> Iterator[Rackspace]:
    with Recorded(*FIRST, FIRST_AT) as cloud, opened(cloud, "rackspace_first_gen:us") as provider:
        yield provider


def test_the_first_generation(first: Rackspace) -> None:
    (machine,) = first.list_machines()
    assert (machine.external_id, machine.name, machine.state) == ("72258", "racktest", MachineState.RUNNING)
    assert (machine.public_ips, machine.private_ips) == (("67.23.21.33",), ("10.176.168.218",))
    assert (machine.size, machine.image) == ("1", "11")
    assert set(machine.actions) == {Action.REBOOT, Action.RESIZE, Action.DESTROY}
    assert "Debian 5.0 (lenny)" in [each.name for each in first.list_images("all")]
    sizes = {each.id: each for each in first.list_sizes()}
    assert (sizes["1"].ram_mb, sizes["1"].disk_gb, sizes["1"].price) == (256, 10, 0.015)
    assert [each.id for each in first.list_locations()] == ["us"]


def test_the_first_generation_makes_reboots_and_destroys(first: Rackspace) -> None:
    made = first.create(MachineSpec(name="racktest", mark="m", image="11", size="1", public_key="ssh-rsa AAAA x"))
    assert (made.external_id, made.state) == ("72258", MachineState.PENDING)
    first.destroy("72258")


def test_metadata_of_the_first_generation() -> None:
    with Recorded(*FIRST, FIRST_AT) as cloud, opened(cloud, "rackspace_first_gen:uk") as provider:
        provider.list_images()
        cloud._mock.type = "METADATA"
        (machine,) = provider.list_machines()
        assert machine.tags == ("somekey=somevalue",)


def test_a_refused_key_of_the_first_generation() -> None:
    with (
        Recorded(*FIRST, FIRST_AT, kind="UNAUTHORIZED") as cloud,
        opened(cloud, "rackspace_first_gen:us") as provider,
        pytest.raises(errors.ProviderAuthFailed, match="user name and the API key"),
    ):
        provider.check()
