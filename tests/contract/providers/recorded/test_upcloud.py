"""What UpCloud once answered, read by the provider. The answers are of its API 1.2, which 1.3 adds to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.upcloud import UpCloud
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Request

STARTED = "00f8c525-7e62-4108-8115-3958df5b43dc"
STOPPED = "00893c98-5d5a-4363-b177-88df518a2b60"
UBUNTU = "01000000-0000-4000-8000-000030060200"


class UpCloud12(Recorded):
    """The recordings, and of what was not recorded: an account, and a list of addresses without any."""

    def __init__(self) -> None:
        super().__init__("test_upcloud", "UpcloudMockHttp")

    def handle(self, request: Request) -> Answer:
        unrecorded: dict[str, Answer] = {
            "/1.2/ip_address": {"ip_addresses": {"ip_address": []}},
            "/1.2/account": {"account": {"username": "u"}},
            "/1.2/account/details/u": {"account": {"username": "u", "currency": "USD"}},
        }
        found = unrecorded.get(request.path)
        return found if found is not None else super().handle(request)


def opened(cloud: UpCloud12, given: Mapping[str, str]) -> UpCloud:
    provider = UpCloud(Account(settings=UpCloud.read_settings(given), endpoint=f"{cloud.url}/1.2"))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[UpCloud12]:
    with UpCloud12() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: UpCloud12) -> Iterator[UpCloud]:
    provider = opened(cloud, {"username": "u", "password": "p"})
    yield provider
    provider.close()


def test_machines(provider: UpCloud) -> None:
    (machine,) = provider.list_machines()
    assert (machine.external_id, machine.name, machine.state) == (STARTED, "test_server", MachineState.RUNNING)
    assert (machine.size, machine.location) == ("1xCPU-1GB", "fi-hel1")
    assert (machine.extra["cores"], machine.extra["ram_mb"]) == (1, 1024)


def test_one_machine_has_its_addresses(provider: UpCloud) -> None:
    machine = provider.known(STOPPED)
    assert machine.state is MachineState.STOPPED
    assert machine.public_ips == ("2a04:3541:1000:500:7cae:1dff:fead:5bde", "83.136.254.34")
    assert machine.private_ips == ("10.2.1.244",)
    assert "Hf7qpJs8" not in repr(machine)


def test_sizes_have_their_price(provider: UpCloud) -> None:
    size = provider.list_sizes()[0]
    assert (size.id, size.cores, size.ram_mb, size.disk_gb) == ("1xCPU-1GB", 1, 1024, 30)
    assert (size.price, size.currency) == (0.01488, "USD")
    assert size.extra["locations"]["de-fra1"] == pytest.approx(0.01488)


def test_images(provider: UpCloud) -> None:
    names = [image.name for image in provider.list_images()]
    assert "Ubuntu Server 16.04 LTS (Xenial Xerus)" in names
    assert not any("Windows" in name for name in names)
    assert any("Windows" in image.name for image in provider.list_images("all"))


def test_locations(provider: UpCloud) -> None:
    locations = {location.id: location for location in provider.list_locations()}
    assert len(locations) == 6
    assert (locations["uk-lon1"].name, locations["uk-lon1"].country) == ("London #1", "GB")


def test_a_create(provider: UpCloud) -> None:
    spec = MachineSpec(name="test-server", mark="m", image=UBUNTU, size="1xCPU-1GB", location="Helsinki #1")
    machine = provider.create(spec)
    assert (machine.name, machine.state) == ("test_server", MachineState.PENDING)
    assert machine.public_ips == ("2a04:3540:1000:310:7cae:1dff:fead:3332", "94.237.37.216")
    assert not any(secret in repr(machine) for secret in ("777gznbm", "G4FvMjvg"))


def test_a_reboot(provider: UpCloud, cloud: UpCloud12) -> None:
    provider.reboot(STARTED)
    assert len(cloud.asked("POST", f"/1.2/server/{STARTED}/restart")) == 1


def test_a_refused_password() -> None:
    with UpCloud12() as cloud, pytest.raises(errors.ProviderAuthFailed, match="given username and password"):
        opened(cloud, {"username": "nosuchuser", "password": "nopwd"}).list_locations()
