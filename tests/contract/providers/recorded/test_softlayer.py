"""What SoftLayer once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from xmlrpc.client import dumps, loads

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.softlayer import SoftLayer
from tests.lab.old_libcloud import OldRecorded, forwarded
from tests.lab.stand_in import Answer, Reply, Request, StandIn

SPEC = MachineSpec(name="libcloud-testing", mark="m1", image="DEBIAN_7_64", size="1x2048", location="sjc01")


class _WithoutImages(StandIn):
    """The recordings, and what they lack: an account without images of its own."""

    def __init__(self, recorded: str) -> None:
        super().__init__()
        self.recorded = recorded

    def handle(self, request: Request) -> Answer:
        if loads(request.body)[1] == "getPrivateBlockDeviceTemplateGroups":
            return Reply(200, dumps(([],), methodresponse=True))
        return forwarded(request, self.recorded)


@contextmanager
def opened(kind: str | None = None) -> Iterator[SoftLayer]:
    with OldRecorded("test_softlayer", "SoftLayerMockHttp", kind) as old, _WithoutImages(old.url) as cloud:
        settings = SoftLayer.read_settings({"username": "u", "api_key": "k"})
        provider = SoftLayer(Account(settings=settings, endpoint=f"{cloud.url}/xmlrpc/v3"))
        provider.open()
        yield provider
        provider.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[SoftLayer]:
    with opened() as provider:
        yield provider


def test_machines(provider: SoftLayer) -> None:
    first, second, third = provider.list_machines()
    assert (first.external_id, first.name) == ("2875152", "libcloud-testing1.example.com")
    assert [each.state for each in (first, second, third)] == [
        MachineState.RUNNING,
        MachineState.PENDING,
        MachineState.RUNNING,
    ]
    assert (first.public_ips, first.private_ips) == (("50.23.95.202",), ("10.55.43.130",))
    assert (first.size, first.image, first.location) == ("1x2048", "DEBIAN_7_64", "sjc01")
    assert first.created_at == datetime.fromisoformat("2013-11-06T14:38:36+01:00")
    assert "L3TJVubf" not in repr(first)


def test_the_catalog(provider: SoftLayer) -> None:
    found = {image.id: image.name for image in provider.list_images("all")}
    assert found["CENTOS_6_64"] == "CentOS 6.0 - Minimal Install (64 bit)"
    assert "DEBIAN_7_64" in {image.id for image in provider.list_images()}
    sizes = {size.id: size for size in provider.list_sizes()}
    assert (sizes["2x4096"].cores, sizes["2x4096"].ram_mb, sizes["2x4096"].disk_gb) == (2, 4096, 25)
    assert sizes["2x4096"].price == 0.25
    locations = {location.id: location.name for location in provider.list_locations()}
    assert locations["dal05"] == "Dallas 5"
    assert len(locations) == 7


def test_a_machine_is_made_restarted_and_destroyed(provider: SoftLayer) -> None:
    made = provider.create(SPEC)
    assert (made.external_id, made.state, made.mark) == ("123456", MachineState.PENDING, "m1")
    provider.reboot("2905761")
    provider.destroy("2905761")


def test_refusals() -> None:
    with opened("INVALIDCREDSERROR") as provider, pytest.raises(errors.ProviderAuthFailed, match="Failed Call"):
        provider.create(SPEC)
    with opened("SOFTLAYEREXCEPTION") as provider, pytest.raises(errors.ProviderRejected, match="Failed Call"):
        provider.create(SPEC)
