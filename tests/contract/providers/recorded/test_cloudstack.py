"""What CloudStacks once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.cloudstack import CloudStack
from tests.lab.recorded import Recorded

SPEC = MachineSpec(name="fred", mark="m1", image="576", size="105", location="Sydney", tags=("env=prod",))


@contextmanager
def opened(kind: str | None = None, tag: str = "default") -> Iterator[CloudStack]:
    with Recorded("test_cloudstack", "CloudStackMockHttp", kind=kind) as cloud:
        cloud._mock.fixture_tag = tag
        url = f"{cloud.url}/test/path"
        provider = CloudStack(
            Account(settings=CloudStack.read_settings({"url": url, "api_key": "k", "secret_key": "s"}))
        )
        provider.open()
        yield provider
        provider.close()


@pytest.fixture
def provider() -> Iterator[CloudStack]:
    with opened() as provider:
        yield provider


def test_machines(provider: CloudStack) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, first.name, first.state) == ("2600", "test", MachineState.RUNNING)
    assert second.state is MachineState.PENDING
    assert first.public_ips == ("1.1.1.116",)
    assert (first.size, first.image, first.location) == ("105", "421", "1")
    assert first.tags == ("testkey=testvalue", "foo=bar")
    assert first.created_at == datetime.fromisoformat("2011-06-23T05:06:42+00:00")
    assert provider.read_machine("2600") == first
    assert provider.read_machine("1") is None


def test_the_catalog(provider: CloudStack) -> None:
    found = {image.id: image.name for image in provider.list_images("all")}
    assert found["443"] == "XEN Basic Windows Svr 2008 R2 x64 R2.1"
    sizes = {size.id: size for size in provider.list_sizes()}
    assert (sizes["70"].cores, sizes["70"].ram_mb) == (8, 13928)
    assert [(each.id, each.name) for each in provider.list_locations()] == [("1", "Sydney")]
    assert [each.name for each in provider.list_networks()] == ["guestNetworkForBasicZone"]


def test_a_machine_is_made_switched_tagged_and_destroyed(provider: CloudStack) -> None:
    made = provider.create(SPEC)
    assert (made.external_id, made.state, made.location) == ("2602", MachineState.PENDING, "1")
    provider.stop("2600")
    provider.reboot("2600")
    provider.start("2601")
    provider.add_tag("2600", "blue")
    provider.remove_tag("2600", "foo=bar")
    provider.destroy("2600")


def test_a_key_is_registered(provider: CloudStack) -> None:
    assert provider._key("mine", "ssh-ed25519 AAAA me@here") == "mine"


def test_refusals() -> None:
    with opened(kind="invalid_credentials") as provider, pytest.raises(errors.ProviderAuthFailed):
        provider.check()
    with opened(kind="api_error") as provider, pytest.raises(errors.ProviderRejected, match="Public key is invalid"):
        provider.check()
    with opened(tag="deployfail") as provider, pytest.raises(errors.ProviderNotFound, match="service offering: 104"):
        provider.create(MachineSpec(name="fred", mark="m1", image="576", size="104"))
