"""What DigitalOcean once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from mistserver.providers.base import Account
from mistserver.providers.digitalocean import DigitalOcean
from tests.lab.recorded import Recorded

MOCK = ("test_digitalocean_v2", "DigitalOceanComputeMockHttp")


def opened(cloud: Recorded) -> DigitalOcean:
    provider = DigitalOcean(Account(settings=DigitalOcean.read_settings({"token": "t"}), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def provider() -> Iterator[DigitalOcean]:
    with Recorded(*MOCK) as cloud:
        provider = opened(cloud)
        yield provider
        provider.close()


def test_a_machine(provider: DigitalOcean) -> None:
    (machine,) = provider.list_machines()
    assert (machine.external_id, machine.name) == ("3164444", "ubuntu-s-1vcpu-1gb-sfo3-01")
    assert machine.state is MachineState.RUNNING
    assert machine.public_ips == ("128.199.13.158", "2604:a880:4:1d0::142:9000")
    assert machine.private_ips == ("10.124.0.2",)
    assert (machine.size, machine.image, machine.location) == ("s-1vcpu-1gb", "ubuntu-20-04-x64", "sfo3")
    assert machine.created_at == datetime(2020, 10, 15, 13, 58, 22, tzinfo=UTC)


def test_the_catalog(provider: DigitalOcean) -> None:
    assert [image.id for image in provider.list_images("my snap")] == ["449676856"]
    assert (provider.list_sizes()[0].ram_mb, provider.list_sizes()[0].price) == (512, 0.00744)
    assert [location.id for location in provider.list_locations()] == ["nyc1", "sfo1"]


def test_a_refused_token() -> None:
    with Recorded(*MOCK, kind="UNAUTHORIZED") as cloud, pytest.raises(errors.ProviderAuthFailed, match="authenticate"):
        opened(cloud).list_machines()
