"""What Scaleway once answered, read by the provider.

The recordings are from when each zone had a host of its own: the part of a path that names the zone today is cut. The
marketplace and its images by label came later; nothing was recorded of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.scaleway import Scaleway
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Request

MOCK = ("test_scaleway", "ScalewayMockHttp")
ZONE = "/instance/v1/zones/fr-par-1"
IMAGE = "85917034-46b0-4cc5-8b48-f0a2245e357e"


class OfItsZone(Recorded):
    """One server is what stands of it in the list, since no answer for one was recorded."""

    def handle(self, request: Request) -> Answer:
        if request.path == "/marketplace/v2/images":
            return {"images": [], "total_count": 0}
        path = request.path.removeprefix(ZONE)
        if request.method == "GET" and path.startswith("/servers/"):
            whole = self._mock.fixtures.load("list_nodes.json")
            return {"server": next(each for each in json.loads(whole)["servers"] if path.endswith(each["id"]))}
        return super().handle(replace(request, path=path))


def opened(cloud: Recorded) -> Scaleway:
    settings = Scaleway.read_settings({"secret_key": "s", "project_id": "000a115d-2852-4b0a-9ce8-47f1134ba95a"})
    provider = Scaleway(Account(settings=settings, region="fr-par-1", endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def provider() -> Iterator[Scaleway]:
    with OfItsZone(*MOCK) as cloud:
        provider = opened(cloud)
        yield provider
        provider.close()


def test_machines(provider: Scaleway) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, second.external_id) == ("741db378", "0e9f85af")
    assert (first.name, first.state, first.image) == ("my_server", MachineState.RUNNING, IMAGE)
    assert first.tags == ("test", "www")
    assert first.public_ips == first.private_ips == ()
    assert first.created_at == datetime(2014, 5, 22, 12, 57, 22, 514299, tzinfo=UTC)
    assert first.mark is None


def test_images(provider: Scaleway) -> None:
    assert [(image.id, image.name, image.star) for image in provider.list_images()] == [
        ("12345", "my_image", True),
        ("54321", "my_image_1", True),
    ]
    assert [image.id for image in provider.list_images("image_1")] == ["54321"]


def test_sizes(provider: Scaleway) -> None:
    sizes = {size.id: size for size in provider.list_sizes()}
    small = sizes["START1-XS"]
    assert (small.cores, small.ram_mb, small.disk_gb) == (1, 1024, 25)
    assert (small.price, small.currency, small.extra["price_month"]) == (0.004, "EUR", 1.99)
    assert (sizes["X64-120GB"].price, sizes["X64-120GB"].currency) == (None, None)
    assert [sizes[name].extra["availability"] for name in sorted(sizes)] == ["shortage", "available", "scarce"]


@pytest.mark.parametrize(
    ("kind", "method", "asked"),
    [("POST", "stop", "poweroff"), ("REBOOT", "reboot", "reboot"), ("TERMINATE", "destroy", "terminate")],
)
def test_actions(kind: str, method: str, asked: str) -> None:
    with OfItsZone(*MOCK, kind=kind) as cloud:
        provider = opened(cloud)
        getattr(provider, method)("741db378")
        provider.close()
        (sent,) = cloud.asked("POST", ZONE + "/servers/741db378/action")
        assert sent.json == {"action": asked}


def test_a_made_machine_is_read() -> None:
    """The recording of the first call of a create; those that follow it were not recorded."""
    with OfItsZone(*MOCK, kind="POST") as cloud:
        provider = opened(cloud)
        made = provider.create(MachineSpec(name="web", mark="m", image=IMAGE, size="VC1S"))
        provider.close()
        assert (made.external_id, made.state, made.size) == ("741db378", MachineState.STOPPED, "VC1S")
        assert cloud.seen[-1].json["project"] == "000a115d-2852-4b0a-9ce8-47f1134ba95a"


def test_an_unknown_image_is_called_that() -> None:
    with OfItsZone(*MOCK, kind="INVALID_IMAGE") as cloud:
        provider = opened(cloud)
        with pytest.raises(errors.ProviderNotFound, match="01234567-89ab"):
            provider.create(MachineSpec(name="web", mark="m", image=IMAGE, size="VC1S"))
        provider.close()


def test_a_refused_key() -> None:
    with OfItsZone(*MOCK, kind="UNAUTHORIZED") as cloud:
        provider = opened(cloud)
        with pytest.raises(errors.ProviderAuthFailed, match="Authentication error"):
            provider.check()
        provider.close()
