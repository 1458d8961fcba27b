"""What Compute Engine once answered, read by the provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.gce import Gce
from tests.lab.clouds.gce_project import pem
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Request

NODE, ZONE = "4006034190819017667", "us-central1-a"
GIVEN = {"email": "robot@developer.gserviceaccount.com", "project_id": "project_name", "private_key": pem()}


class RecordedGce(Recorded):
    """With what was not recorded: tokens, and the last page of the machine types."""

    def handle(self, request: Request) -> Answer:
        if request.path == "/token":
            return {"access_token": "t"}
        if "pageToken" in request.query and request.path.endswith("/aggregated/machineTypes"):
            return {"kind": "compute#machineTypeAggregatedList"}
        return super().handle(request)


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    with RecordedGce("test_gce", "GCEMockHttp") as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: Recorded) -> Iterator[Gce]:
    settings = Gce.Settings(**GIVEN)  # unchecked: no project can be called `project_name` today
    provider = Gce(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_machines_of_all_zones(provider: Gce) -> None:
    machines = {machine.name: machine for machine in provider.list_machines()}
    assert len(machines) == 8
    machine = machines["node-name"]
    assert (machine.external_id, machine.size, machine.location) == (NODE, "n1-standard-1", ZONE)
    assert machine.state is MachineState.RUNNING
    assert (machine.public_ips, machine.private_ips) == (("23.236.58.15",), ("10.240.72.75",))
    assert machine.created_at == datetime(2013, 12, 13, 18, 45, 23, 351000, tzinfo=UTC)
    assert machines["libcloud-demo-persist-node"].tags == ("libcloud", "newtag")


def test_the_catalog(provider: Gce) -> None:
    sizes = {size.id: size for size in provider.list_sizes()}
    assert (sizes["n1-standard-1"].cores, sizes["n1-standard-1"].ram_mb) == (1, 3840)
    assert "n1-highmem-4-d" not in sizes  # withdrawn when it was recorded
    assert sizes["n1-standard-1"].price == pytest.approx(0.0475, abs=0.005)
    assert {"asia-east1-a", ZONE} <= {location.id for location in provider.list_locations()}
    networks = {network.id: network for network in provider.list_networks()}
    assert {"cf", "custom", "default"} <= set(networks)
    assert networks["cf"].subnets[0]["cidr"].startswith("10.1")


def test_images_of_the_public_projects_and_its_own(provider: Gce) -> None:
    from mistserver.providers.gce.catalog import _images

    found = _images(provider._api, "debian-cloud", public=True)
    assert any("debian-7" in image.id for image in found)
    assert all("deprecated" not in image.extra for image in found)
    assert _images(provider._api, "project_name")


def test_a_create(provider: Gce, cloud: Recorded) -> None:
    image = "projects/debian-cloud/global/images/family/debian-12"
    machine = provider.create(
        MachineSpec(name="lcnode-001", mark="m", image=image, size="n1-standard-1", location=ZONE)
    )
    assert (machine.name, machine.external_id) == ("lcnode-001", "09356229693786319079")
    assert len(cloud.asked("POST", f".*/zones/{ZONE}/instances")) == 1


def test_orders_to_a_machine(provider: Gce, cloud: Recorded) -> None:
    provider.reboot(NODE)
    provider.stop(NODE)
    provider.add_tag(NODE, "virtual-server")
    provider.destroy(NODE)
    sent = [each.path.rpartition("/")[2] for each in cloud.seen if each.method in ("POST", "DELETE")]
    assert sent == ["token", "reset", "stop", "setTags", "node-name"]
    assert cloud.seen[-3].json["fingerprint"] == "42WmSpB8rSM="


def test_a_resize_of_what_runs_is_a_conflict(provider: Gce) -> None:
    with pytest.raises(errors.Conflict, match="stop it first"):
        provider.resize(NODE, "n1-standard-2")


def test_what_google_does_not_know(provider: Gce) -> None:
    with pytest.raises(errors.ProviderNotFound, match=r"family/coreos-stable' was not found"):
        provider._api.get("/global/images/family/nofamily")
    with pytest.raises(errors.ProviderNotFound):
        provider.reboot("1")
