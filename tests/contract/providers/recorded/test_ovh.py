"""What OVHcloud once answered, read by the provider.

The recordings' project is called `project_id`, and instances `foo` and `bar`. Neither today's list of prices was
recorded, nor the calls for networks and snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.ovh import Ovh
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Request

MOCK = ("test_ovh", "OvhMockHttp")
IMAGE = "1f3b49ad-3566-4838-93f8-b657a36b870f"
AT = "/1.0/cloud/project/project_id"


class WithoutPrices(Recorded):
    def handle(self, request: Request) -> Answer:
        if request.path == "/1.0/order/catalog/public/cloud":
            return {"locale": {"currencyCode": "EUR"}, "addons": []}
        if request.path == f"{AT}/snapshot":
            return []
        return super().handle(request)


def opened(cloud: Recorded) -> Ovh:
    given = {"application_key": "a", "application_secret": "s", "consumer_key": "c", "project_id": "project_id"}
    provider = Ovh(Account(settings=Ovh.read_settings(given), region="eu", endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[WithoutPrices]:
    with WithoutPrices(*MOCK) as running:
        yield running


@pytest.fixture
def provider(cloud: WithoutPrices) -> Iterator[Ovh]:
    provider = opened(cloud)
    yield provider
    provider.close()


def test_machines(provider: Ovh) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, first.name, first.location) == ("foo", "test_vm", "SBG1")
    assert (second.external_id, second.name, second.location) == ("bar", "test_vm2", "SBG-1")
    assert first.state is MachineState.RUNNING
    assert (first.public_ips, first.private_ips) == (("92.0.0.1",), ())
    assert (first.size, first.image) == ("551dc104-4174-495a-af34-4aafe75f22ca", IMAGE)
    assert first.created_at == datetime(2015, 5, 29, 11, 20, 48, tzinfo=UTC)


def test_one_machine(provider: Ovh) -> None:
    machine = provider.known("foo")
    assert (machine.name, machine.size, machine.public_ips) == ("test_vm", "vps-ssd-1", ("92.0.0.1",))
    assert machine.extra["image_name"] == "Ubuntu12.04"


def test_the_catalog(provider: Ovh) -> None:
    (size,) = provider.list_sizes()
    assert (size.id, size.cores, size.ram_mb, size.disk_gb) == ("ovh.intel.ha.l", 2, 8192, 80)
    assert [location.id for location in provider.list_locations()] == ["BHS1", "GRA1", "SBG1"]
    images = provider.list_images("debian")
    assert images
    assert all(image.extra["regions"] for image in images)


def test_a_create(provider: Ovh, cloud: WithoutPrices) -> None:
    spec = MachineSpec(
        name="test_vm",
        mark="mark-1",
        image=IMAGE,
        size="ovh.intel.ha.l",
        location="SBG1",
        public_key="ssh-ed25519 AAAA me",
        key_name="mykey",
    )
    made = provider.create(spec)
    assert (made.external_id, made.state) == ("cc350b4a-b04b-41d2-959d-1f8f388877a2", MachineState.RUNNING)
    (sent,) = cloud.asked("POST", f"{AT}/instance")
    assert (sent.json["flavorId"], sent.json["imageId"], sent.json["sshKeyId"]) == ("foo-id", IMAGE, "ham-id")
    assert sent.json["name"] == "test_vm.mist-mark-1"


def test_a_destroy(provider: Ovh, cloud: WithoutPrices) -> None:
    provider.destroy("foo")
    assert len(cloud.asked("DELETE", f"{AT}/instance/foo")) == 1


def test_the_vendors_clock_is_read(provider: Ovh, cloud: WithoutPrices) -> None:
    provider.list_machines()
    provider.list_machines()
    asked = [request for request in cloud.seen if request.path != "/1.0/auth/time"]
    assert len(cloud.seen) - len(asked) == 1
    assert all(0 <= int(request.headers["x-ovh-timestamp"]) - 1437075564 < 300 for request in asked)


def test_a_refused_key() -> None:
    class Refusing(Recorded):
        """The clock was recorded for accepted keys; anybody is told the time."""

        def handle(self, request: Request) -> Answer:
            self._mock.type = None if request.path == "/1.0/auth/time" else "invalid_app_key_error"
            return super().handle(request)

    with Refusing(*MOCK) as cloud:
        provider = opened(cloud)
        with pytest.raises(errors.ProviderAuthFailed, match="Invalid application key"):
            provider.list_machines()
        provider.close()
