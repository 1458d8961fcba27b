"""What Vultr once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.vultr import Vultr
from tests.lab.recorded import Recorded

MOCK = ("test_vultr_v2", "VultrMockHttpV2")
ID = "123"


def opened(cloud: Recorded) -> Vultr:
    provider = Vultr(Account(settings=Vultr.read_settings({"api_key": "t"}), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    with Recorded(*MOCK) as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: Recorded) -> Iterator[Vultr]:
    provider = opened(cloud)
    yield provider
    provider.close()


def test_machines(provider: Vultr) -> None:
    machine = provider.list_machines()[0]
    assert (machine.external_id, machine.name, machine.state) == (ID, "test1", MachineState.RUNNING)
    assert (machine.public_ips, machine.private_ips) == (("45.76.83.44",), ())
    assert (machine.size, machine.image, machine.location) == ("vc2-1c-2gb", "477", "fra")
    assert machine.created_at == datetime(2021, 9, 1, 13, 25, 48, tzinfo=UTC)
    assert "novnc" not in repr(machine)


def test_one_machine(provider: Vultr) -> None:
    assert provider.known(ID).name == "test"


def test_sizes_have_their_price(provider: Vultr) -> None:
    size = provider.list_sizes()[0]
    assert (size.id, size.cores, size.ram_mb, size.disk_gb) == ("vc2-1c-1gb", 1, 1024, 25)
    assert (size.price, size.currency) == (0.00744, "USD")


def test_images(provider: Vultr) -> None:
    names = [image.name for image in provider.list_images()]
    assert {"Debian 11 x64 (bullseye)", "Ubuntu 20.04 x64"} <= set(names)
    assert not {"Custom", "Snapshot", "Backup", "Application", "Debian 8 i386 (jessie)"} & set(names)


def test_a_list_on_three_pages() -> None:
    with Recorded(*MOCK, kind="PAGINATED") as cloud:
        found = opened(cloud)._pages("/v2/os", "os")
        assert len(found) == len({each["id"] for each in found}) == 30
        assert len(cloud.seen) == 3


def test_locations(provider: Vultr) -> None:
    first = provider.list_locations()[0]
    assert (first.id, first.name, first.country) == ("ams", "Amsterdam", "NL")


def test_a_create(provider: Vultr) -> None:
    spec = MachineSpec(name="test123", mark="m", image="446", size="vc2-1c-1gb", location="ams")
    machine = provider.create(spec)
    assert (machine.external_id, machine.state) == (ID, MachineState.PENDING)
    assert (machine.public_ips, machine.private_ips) == ((), ("10.7.96.6",))
    assert "kB1?@aqK3QSk@)-q" not in repr(machine)


def test_power_and_destroy(provider: Vultr, cloud: Recorded) -> None:
    provider.start(ID)
    provider.reboot(ID)
    provider.destroy(ID)
    told = [each.path.removeprefix(f"/v2/instances/{ID}") for each in cloud.seen if each.method != "GET"]
    assert told == ["/reboot", ""], "it runs already, and a start would restart it"


def test_a_refused_token() -> None:
    with (
        Recorded(*MOCK, kind="UNAUTHORIZED") as cloud,
        pytest.raises(errors.ProviderAuthFailed, match=r"Invalid API token"),
    ):
        opened(cloud)._pages("/v2/ssh-keys", "ssh_keys")
