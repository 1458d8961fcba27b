"""Compute Engine: lists that would be incomplete, and what goes into a create."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.gce import Gce, catalog
from mistserver.providers.gce.create import body
from mistserver.providers.gce.machines import reading
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.gce_project import EMAIL, PROJECT, pem
from tests.lab.stand_in import Answer, Request, StandIn

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5 me"
SPEC = MachineSpec(
    name="web-1",
    mark="7oDk2Lw-0",
    image="projects/debian-cloud/global/images/family/debian-13",
    size="e2-micro",
    location="us-central1-a",
)
GIVEN = {"email": EMAIL, "project_id": PROJECT, "private_key": pem()}


def opened(cloud: StandIn) -> Gce:
    provider = Gce(Account(settings=Gce.read_settings(GIVEN), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[GceCloud]:
    with GceCloud() as cloud:
        yield cloud


def test_a_zone_that_was_not_read_is_no_shorter_list(cloud: GceCloud) -> None:
    cloud.unread = {"zones/asia-east1-a": {"warning": {"code": "UNREACHABLE", "message": "The zone is unreachable."}}}
    with pytest.raises(errors.ProviderUnreachable, match="asia-east1-a"):
        opened(cloud).list_machines()


@pytest.mark.parametrize(
    "part", [{"unreachables": ["zones/asia-east1-a"]}, {"warning": {"code": "PARTIAL_SUCCESS"}}, {"items": ["x"]}]
)
def test_a_list_that_says_it_is_not_whole(part: dict[str, Any]) -> None:
    class Partial(StandIn):
        def handle(self, request: Request) -> Answer:
            if request.path == "/token":
                return {"access_token": "t"}
            return {"kind": "compute#instanceAggregatedList", "items": {}, **part}

    with Partial() as cloud, pytest.raises((errors.ProviderUnreachable, errors.ProviderBadAnswer)):
        opened(cloud).list_machines()


def test_a_create_that_fails_later_says_why(cloud: GceCloud) -> None:
    cloud.sold_out = True
    provider = opened(cloud)
    machine = provider.create(SPEC)
    assert machine.state is MachineState.PENDING
    with pytest.raises(errors.ProviderQuota, match="does not have enough"):
        provider.read_machine(machine.external_id)


def test_a_repeated_create_makes_no_second_machine(cloud: GceCloud) -> None:
    provider = opened(cloud)
    first, second = provider.create(SPEC), provider.create(SPEC)
    assert first == second
    assert len(provider.list_machines()) == 1


def test_a_name_that_is_taken(cloud: GceCloud) -> None:
    provider = opened(cloud)
    provider.create(SPEC)
    with pytest.raises(errors.ProviderRejected, match="already exists"):
        provider.create(replace(SPEC, mark="another"))


@pytest.mark.parametrize("name", ["Web", "1web", "web_1", "web.example.com", "a" * 64, "web-", ""])
def test_names_that_google_refuses(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="63"):
        Gce.check_spec(replace(SPEC, name=name))


@pytest.mark.parametrize(
    "change",
    [
        {"size": None},
        {"location": None},
        {"networks": ("a", "b")},
        {"tags": ("env=prod",)},
        {"image": "../../x"},
        {"extra": {"disk_gb": "20"}},
        {"extra": {"ssh_user": "a:b"}},
        {"public_key": f"{KEY}\nroot:{KEY}"},
    ],
)
def test_a_create_that_would_be_refused(change: dict[str, Any]) -> None:
    Gce.check_spec(SPEC)
    with pytest.raises(errors.InvalidInput):
        Gce.check_spec(replace(SPEC, **change))


def sent(cloud: GceCloud, **change: Any) -> dict[str, Any]:
    return body(opened(cloud)._api, replace(SPEC, **change), "us-central1-a")


def test_a_key_belongs_to_the_user_of_the_distribution(cloud: GceCloud) -> None:
    def keys(**change: Any) -> str:
        items = sent(cloud, public_key=KEY, **change)["metadata"]["items"]
        return next(item["value"] for item in items if item["key"] == "ssh-keys")

    assert keys() == f"debian:{KEY}"
    assert keys(image="projects/rocky-linux-cloud/global/images/family/rocky-linux-9") == f"rocky:{KEY}"
    assert keys(image="my-image") == f"user:{KEY}"
    assert keys(extra={"ssh_user": "me"}) == f"me:{KEY}"


def test_user_data_goes_where_it_is_read(cloud: GceCloud) -> None:
    def names(data: str) -> set[str]:
        return {item["key"] for item in sent(cloud, user_data=data)["metadata"]["items"]} - {"mist-mark"}

    assert names("#!/bin/sh\n") == {"startup-script"}
    assert names("#cloud-config\n") == {"user-data"}


def test_where_a_machine_is_put(cloud: GceCloud) -> None:
    def place(*networks: str, **change: Any) -> dict[str, Any]:
        found = dict(sent(cloud, networks=networks, **change)["networkInterfaces"][0])
        found.pop("accessConfigs", None)
        return found

    by_hand = {"network": "global/networks/by-hand", "subnetwork": "regions/us-central1/subnetworks/first"}
    assert place() == {"network": "global/networks/default"}
    assert place("default") == {"network": "global/networks/default"}
    assert place("by-hand") == by_hand
    assert place("regions/us-central1/subnetworks/x") == {"subnetwork": "regions/us-central1/subnetworks/x"}
    with pytest.raises(errors.InvalidInput, match="another region"):
        place("regions/europe-west1/subnetworks/x")
    with pytest.raises(errors.ProviderNotFound, match="no network"):
        place("nowhere")


def test_a_location_is_a_zone_or_its_position(cloud: GceCloud) -> None:
    api = opened(cloud)._api
    assert catalog.zone(api, "us-central1-a") == catalog.zone(api, "1") == "us-central1-a"
    for wrong in ("9", "mars", "1" * 5000, "²"):
        with pytest.raises(errors.InvalidInput, match="it has europe-west1-b"):
            catalog.zone(api, wrong)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("projects/p/global/images/i", "projects/p/global/images/i"),
        ("https://www.googleapis.com/compute/v1/projects/p/global/images/i", "projects/p/global/images/i"),
        ("debian-cloud/debian-12-v1", "projects/debian-cloud/global/images/debian-12-v1"),
        ("mine", f"projects/{PROJECT}/global/images/mine"),
    ],
)
def test_an_image_in_all_its_spellings(cloud: GceCloud, image: str, path: str) -> None:
    assert catalog.source_image(opened(cloud)._api, image) == path


def test_prices_are_those_of_its_cores_and_memory(cloud: GceCloud) -> None:
    sizes = {size.id: size for size in opened(cloud).list_sizes()}
    standard, micro = sizes["n2-standard-2"], sizes["e2-micro"]
    assert (standard.cores, standard.ram_mb, standard.currency) == (2, 8192, "USD")
    assert standard.price == pytest.approx(0.097118, abs=0.001)  # Google's own price in us-central1
    assert micro.price == pytest.approx(0.008376, abs=0.0005)
    assert standard.extra["locations"] == ["europe-west1-b", "us-central1-a"]
    assert (sizes["c9-standard-2"].price, sizes["c9-standard-2"].currency) == (None, None)


def test_addresses_of_both_families() -> None:
    interface = {
        "networkIP": "10.0.0.2",
        "accessConfigs": [{"natIP": "203.0.113.7"}, {}],
        "ipv6Address": "fd20::1",
        "ipv6AccessConfigs": [{"externalIpv6": "2600:1900::1"}],
    }
    machine = reading({"id": 7, "name": "x", "status": "NEW", "networkInterfaces": [interface]})
    assert machine.public_ips == ("203.0.113.7", "2600:1900::1")
    assert machine.private_ips == ("10.0.0.2", "fd20::1")
    assert machine.state is MachineState.UNKNOWN
