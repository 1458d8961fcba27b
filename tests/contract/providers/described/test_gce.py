"""Every request that the provider sends is one that Google describes; so is every answer that the stand-in gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from mistserver.providers.gce import Gce
from mistserver.providers.gce.machines import STATES
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.gce_project import EMAIL, PROJECT, pem
from tests.lab.discovery import compute
from tests.lab.stand_in import Request

WHOLE = MachineSpec(
    name="web-1",
    mark="7oDk2Lw-0",
    image="projects/debian-cloud/global/images/family/debian-13",
    size="e2-micro",
    location="1",
    networks=("by-hand",),
    public_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5 me",
    user_data="#!/bin/sh\necho",
    tags=("web-server",),
    extra={"disk_gb": 20, "disk_type": "pd-ssd", "public_ip": True, "spot": True},
)


@pytest.fixture
def cloud() -> Iterator[GceCloud]:
    with GceCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: GceCloud) -> Iterator[Gce]:
    given = {"email": EMAIL, "project_id": PROJECT, "private_key": pem()}
    provider = Gce(Account(settings=Gce.read_settings(given), endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def walk(provider: Gce) -> None:
    """Everything that the provider can ask for."""
    provider.check()
    for search in (None, "all"):
        provider.list_images(search)
    provider.list_sizes()
    provider.list_locations()
    provider.list_networks()
    id = provider.create(WHOLE).external_id
    subnet = ("regions/us-central1/subnetworks/default",)
    image = "projects/gifted-electron-10/global/images/my-image"
    other = changed(WHOLE, name="web-2", mark="m", networks=subnet, image=image, extra={"public_ip": False})
    provider.create(other)
    assert provider.find_marked(WHOLE.mark) == provider.read_machine(id)
    assert provider.read_machine("12345") is None
    provider.add_tag(id, "blue")
    provider.remove_tag(id, "web-server")
    provider.reboot(id)
    provider.stop(id)
    provider.resize(id, "n2-standard-2")
    provider.start(id)
    provider.list_machines()
    provider.destroy(id)


def test_every_request_and_answer_is_described(cloud: GceCloud, provider: Gce) -> None:
    walk(provider)
    api = [request for request in cloud.seen if request.path != "/token"]
    assert {compute().method(each.method, each.path)["id"] for each in api} == {  # type: ignore[index]
        "compute.images.list",
        "compute.instances.aggregatedList",
        "compute.instances.delete",
        "compute.instances.insert",
        "compute.instances.reset",
        "compute.instances.setMachineType",
        "compute.instances.setTags",
        "compute.instances.start",
        "compute.instances.stop",
        "compute.machineTypes.aggregatedList",
        "compute.networks.get",
        "compute.networks.list",
        "compute.globalOperations.aggregatedList",
        "compute.subnetworks.aggregatedList",
        "compute.zones.list",
    }
    assert [fault for each in api for fault in compute().faults_of_request(each)] == []


def test_a_suspended_machine_is_resumed(cloud: GceCloud, provider: Gce) -> None:
    id = provider.create(WHOLE).external_id
    cloud.instances[id]["status"] = "SUSPENDED"
    provider.start(id)
    assert [each.path.rpartition("/")[2] for each in cloud.seen][-1] == "resume"
    assert compute().faults_of_request(cloud.seen[-1]) == []


def test_the_states_are_those_that_google_describes() -> None:
    assert set(STATES) == set(compute().enum("Instance", "status"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"path": "/compute/v1/projects/p/zones/z/machines"}, "there is no POST"),
        ({"query": {"requestID": "x"}}, "no parameter requestID"),
        ({"path": "/compute/v1/projects/p/zones/UPPER/instances"}, "zone is not of the form"),
        ({"body": b'{"name": "web", "colour": "red"}'}, "body has no field colour"),
        ({"body": b'{"name": 7}'}, "body.name is no string"),
        ({"body": b'{"tags": {"items": "web"}}'}, "body.tags.items is no array"),
        ({"body": b'{"scheduling": {"provisioningModel": "CHEAP"}}'}, "is none of"),
        ({"body": b'{"disks": [{"diskSizeGb": "big"}]}'}, "body.disks[0].diskSizeGb is no number"),
    ],
)
def test_what_is_not_described_is_noticed(change: dict[str, object], fault: str) -> None:
    path = "/compute/v1/projects/p/zones/us-central1-a/instances"
    good = Request("POST", path, {"requestId": "x"}, {}, {}, b'{"name": "web"}')
    assert compute().faults_of_request(good) == []
    assert fault in "; ".join(compute().faults_of_request(replace(good, **change)))  # type: ignore[arg-type]
