"""What NephoScale once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.nephoscale import NephoScale
from tests.lab.old_libcloud import OldRecorded, forwarded
from tests.lab.stand_in import Answer, Request, StandIn

SPEC = MachineSpec(name="mongodb-staging", mark="m1", image="49", size="5", location="RIC-1")


class _WithKeys(StandIn):
    """The recordings, and a console key of the mark `m1`, which they lack: the first machine's or nobody's."""

    def __init__(self, recorded: str) -> None:
        super().__init__()
        self.recorded = recorded
        self.key = 71761

    def handle(self, request: Request) -> Answer:
        if request.path == "/key/password/":
            return {"success": True, "data": [{"id": self.key, "name": "mist-mark-m1"}], "response": 200}
        return forwarded(request, self.recorded)


@pytest.fixture(scope="module")
def cloud() -> Iterator[_WithKeys]:
    with OldRecorded("test_nephoscale", "NephoscaleMockHttp") as old, _WithKeys(old.url) as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: _WithKeys) -> Iterator[NephoScale]:
    settings = NephoScale.read_settings({"username": "u", "password": "p"})
    provider = NephoScale(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_machines(provider: NephoScale) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, first.name, first.state) == ("88241", "mongodb-staging", MachineState.RUNNING)
    assert (first.public_ips, first.private_ips) == (("198.89.117.16",), ())
    assert (first.size, first.image, first.location) == ("5", "49", "87729")
    assert first.created_at == datetime(2013, 9, 25, 7, 38, 53, tzinfo=UTC)
    assert second.extra["zone"] == "RIC-1"


def test_the_catalog(provider: NephoScale) -> None:
    assert len(provider.list_images("all")) == 18
    assert "Linux Ubuntu Server 10.04 LTS 64-bit" in {image.name for image in provider.list_images()}
    sizes = {size.id: size for size in provider.list_sizes()}
    assert len(sizes) == 13
    assert (sizes["5"].cores, sizes["5"].ram_mb, sizes["5"].disk_gb, sizes["5"].price) == (1, 512, 25, 0.031)
    assert [location.name for location in provider.list_locations()] == ["SJC-1", "RIC-1"]


def test_power_and_end(provider: NephoScale) -> None:
    provider.stop("88241")
    provider.reboot("88241")
    provider.destroy("88241")


def test_a_machine_is_ordered_and_known_by_its_key(cloud: _WithKeys, provider: NephoScale) -> None:
    assert provider.create(SPEC).external_id == "88241"
    ordered = cloud.asked("POST", "/server/cloud/")[0].form
    assert (ordered["service_type"], ordered["image"], ordered["zone"]) == ("5", "49", "87729")
    assert ordered["console_key"] == "71761"


def test_a_machine_that_is_not_there_yet_may_be_looked_for(cloud: _WithKeys, provider: NephoScale) -> None:
    cloud.key = 1
    with pytest.raises(errors.ProviderTimeout, match="does not show the machine yet"):
        provider.create(SPEC)
    cloud.key = 71761
