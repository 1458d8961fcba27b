"""Azure Resource Manager: what a create makes and a destroy takes along, failed deployments, states and spellings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.azure_arm import AzureArm
from mistserver.providers.azure_arm.api import said
from mistserver.providers.azure_arm.create import body, plain
from mistserver.providers.azure_arm.machines import Around, reading
from mistserver.providers.base import Account
from tests.contract.providers.rigs.azure_arm import KEY, AzureArmRig
from tests.lab.clouds.azure_arm import SUBSCRIPTION, TENANT, AzureCloud

SPEC = MachineSpec(
    name="web-1",
    mark="7oDk2Lw-0",
    image="Debian:debian-13:13-gen2:latest",
    size="Standard_B1s",
    location="westeurope",
    public_key=KEY,
)


@pytest.fixture
def cloud() -> Iterator[AzureCloud]:
    with AzureCloud() as cloud:
        yield cloud


def opened(cloud: AzureCloud, **more: Any) -> AzureArm:
    settings = AzureArm.read_settings({**AzureArmRig.good, **more})
    provider = AzureArm(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    return provider


def kinds(cloud: AzureCloud) -> list[str]:
    return sorted(path.split("/")[-2] for path in cloud.things if "/providers/" in path)


def test_a_sign_in_names_the_tenant_and_the_scope(cloud: AzureCloud) -> None:
    opened(cloud).check()
    assert cloud.seen[0].path == f"/{TENANT}/oauth2/v2.0/token"
    assert cloud.seen[0].form["scope"] == "https://management.azure.com/.default"


def test_a_destroy_takes_along_what_the_create_made_and_nothing_else(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    first, second = provider.create(SPEC), provider.create(replace(SPEC, name="web-2", mark="m"))
    assert kinds(cloud).count("networkinterfaces") == kinds(cloud).count("publicipaddresses") == 2
    provider.destroy(first.external_id)
    kept = ["networkinterfaces", "networksecuritygroups", "publicipaddresses", "virtualmachines", "virtualnetworks"]
    assert kinds(cloud) == kept
    provider.destroy(second.external_id)
    assert kinds(cloud) == ["networksecuritygroups", "virtualnetworks"]


def test_only_the_first_machine_of_a_location_is_a_deployment(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    provider.create(SPEC)
    provider.create(replace(SPEC, name="web-2", mark="m"))
    assert [request.path.rpartition("/")[2] for request in cloud.asked("PUT", ".*/virtualMachines/.*")] == ["web-2"]


def test_a_machine_is_known_by_its_mark_before_it_is_there(cloud: AzureCloud) -> None:
    cloud.held = True
    provider = opened(cloud)
    made = provider.create(SPEC)
    assert made.state is MachineState.PENDING
    assert provider.find_marked(SPEC.mark) == provider.read_machine(made.external_id) == made
    assert provider.find_marked("another") is None
    assert provider.list_machines() == []


def test_a_deployment_that_failed_says_why(cloud: AzureCloud) -> None:
    inner = {"code": "ZonalAllocationFailed", "message": "Allocation failed."}
    cloud.failing = {"code": "DeploymentFailed", "message": "At least one failed.", "details": [inner]}
    provider = opened(cloud)
    made = provider.create(SPEC)
    with pytest.raises(errors.ProviderQuota, match=r"Allocation failed\."):
        provider.read_machine(made.external_id)
    assert provider.find_marked(SPEC.mark) is None
    provider.destroy(made.external_id)
    assert provider.read_machine(made.external_id) is None


@pytest.mark.parametrize("machines_before", [0, 1])
def test_a_machine_of_that_name_is_not_changed(cloud: AzureCloud, machines_before: int) -> None:
    provider = opened(cloud)
    for number in range(machines_before):
        provider.create(replace(SPEC, name=f"before-{number}", mark=f"b{number}"))
    provider.create(SPEC)
    if not machines_before:
        cloud.things = {path: thing for path, thing in cloud.things.items() if "virtualnetworks" not in path}
    with pytest.raises(errors.ProviderRejected):
        provider.create(replace(SPEC, mark="another", size="Standard_D2s_v3"))
    assert provider.known("mist/web-1").size == "Standard_B1s"


def test_what_begins_with_a_bracket_is_no_expression() -> None:
    assert plain({"a": ["[b]", 1, {"c": "[listKeys()]"}]}) == {"a": ["[[b]", 1, {"c": "[[listKeys()]"}]}


@pytest.mark.parametrize(
    ("provisioning", "power", "state"),
    [
        ("Succeeded", "running", MachineState.RUNNING),
        ("Succeeded", "stopped", MachineState.STOPPED),
        ("Succeeded", "deallocated", MachineState.STOPPED),
        ("Updating", "deallocating", MachineState.PENDING),
        ("Creating", None, MachineState.PENDING),
        ("Creating", "stopped", MachineState.PENDING),
        ("Deleting", "running", MachineState.TERMINATED),
        ("Failed", None, MachineState.ERROR),
        ("Failed", "running", MachineState.RUNNING),
        ("Succeeded", None, MachineState.UNKNOWN),
        ("Succeeded", "unheard-of", MachineState.UNKNOWN),
    ],
)
def test_states(provisioning: str, power: str | None, state: MachineState) -> None:
    codes = [{"code": f"ProvisioningState/{provisioning}"}, {"code": f"PowerState/{power}"}]
    view = {"instanceView": {"statuses": codes if power else codes[:1]}}
    id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/G/providers/Microsoft.Compute/virtualMachines/Web"
    machine = {"id": id, "name": "Web", "properties": {"provisioningState": provisioning, **view}}
    assert reading(machine, Around()).state is state
    assert reading(machine, Around()).external_id == "g/web"


def test_a_group_is_asked_for_its_own_machines(cloud: AzureCloud) -> None:
    provider = opened(cloud, resource_group="mist")
    made = provider.create(SPEC)
    cloud.fill(1)
    (machine,) = provider.list_machines()
    assert (machine.external_id, machine.state) == (made.external_id, MachineState.RUNNING)
    assert machine.public_ips == ("203.0.113.7",)


def test_the_default_images_are_the_newest_long_term_ones(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    found = {image.id: image.name for image in provider.list_images()}
    assert found["Canonical:ubuntu-24_04-lts:server:latest"] == "Ubuntu 24.04"
    assert found["Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:latest"] == "Ubuntu 22.04"
    assert "Debian:debian-10:10-gen2:latest" not in found
    assert {"almalinux:almalinux-x86_64:9-gen2:latest", "almalinux:almalinux-x86_64:10-gen2:latest"} <= set(found)
    assert [image.id for image in provider.list_images("kinvolk:flatcar")] != []
    assert "Canonical:ubuntu-25_04:server:latest" in {image.id for image in provider.list_images("all")}


def test_sizes_have_prices_where_the_table_has_them(cloud: AzureCloud) -> None:
    sizes = {size.id: size for size in opened(cloud).list_sizes()}
    small = sizes["Standard_B1s"]
    assert (small.cores, small.ram_mb, small.disk_gb, small.currency) == (1, 1024, 4, "USD")
    assert small.price is not None
    assert small.extra["locations"] == ["westeurope"]
    assert sizes["Standard_NEW9"].price is None


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "1"])
def test_a_location_in_all_its_spellings(cloud: AzureCloud, location: str) -> None:
    provider = opened(cloud)
    made = provider.create(replace(SPEC, location=location))
    assert provider.known(made.external_id).location == "westeurope"


def test_where_a_machine_is_put(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    provider.create(SPEC)
    with pytest.raises(errors.InvalidInput, match="another location"):
        provider.create(replace(SPEC, name="x", mark="x", location="eastus", networks=("mist/mist-westeurope",)))
    for wrong, kind in (("a/b", errors.ProviderNotFound), ("mist/mist-westeurope/x", errors.ProviderNotFound)):
        with pytest.raises(kind):
            provider.create(replace(SPEC, name="x", mark="x", networks=(wrong,)))
    with pytest.raises(errors.InvalidInput):
        provider.create(replace(SPEC, name="x", mark="x", networks=("a",)))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "web_1"},
        {"name": "web-"},
        {"name": "a" * 65},
        {"public_key": None},
        {"image": "debian"},
        {"image": "/subscriptions/x/y"},
        {"size": None},
        {"location": None},
        {"tags": ("a/b=c",)},
        {"tags": ("mist-mark=x",)},
        {"extra": {"user": "a:b"}},
        {"extra": {"unheard": 1}},
        {"networks": ("a", "b")},
    ],
)
def test_a_create_that_azure_would_refuse(change: dict[str, Any]) -> None:
    AzureArm.check_spec(SPEC)
    with pytest.raises(errors.InvalidInput):
        AzureArm.check_spec(replace(SPEC, **change))


def test_an_image_without_a_version_is_the_newest_and_an_own_one_goes_by_its_id() -> None:
    def reference(image: str) -> Any:
        return body(replace(SPEC, image=image), "l", "s", "r")["properties"]["storageProfile"]["imageReference"]

    own = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/mine"
    AzureArm.check_spec(replace(SPEC, image=own))
    assert reference("Debian:debian-13:13-gen2")["version"] == "latest"
    assert reference(own) == {"id": own}


@pytest.mark.parametrize(
    "change", [{"subscription_id": "s"}, {"tenant_id": "a/b"}, {"client_id": "x"}, {"resource_group": "a/b"}]
)
def test_settings_that_are_none_of_azures(change: dict[str, str]) -> None:
    AzureArm.read_settings(AzureArmRig.good)
    with pytest.raises(errors.InvalidInput) as caught:
        AzureArm.read_settings({**AzureArmRig.good, **change})
    assert caught.value.facts["field"] == next(iter(change))


def test_a_tag_of_another_value_stays(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    made = provider.create(replace(SPEC, tags=("env=prod",)))
    with pytest.raises(errors.Conflict, match="env=prod"):
        provider.add_tag(made.external_id, "ENV=test")
    provider.remove_tag(made.external_id, "env=test")
    assert provider.known(made.external_id).tags == ("env=prod",)


def test_a_subscription_that_is_not_known_is_no_machine_that_is_gone(cloud: AzureCloud) -> None:
    other = opened(cloud, subscription_id="44444444-4444-4444-4444-444444444444")
    with pytest.raises(errors.ProviderAuthFailed, match="subscription"):
        other.read_machine("mist/web-1")


def test_the_innermost_reason_counts() -> None:
    inner = {"code": "QuotaExceeded", "message": "No cores."}
    outer = {
        "code": "InvalidTemplateDeployment",
        "message": "See inner.",
        "details": [{"code": "X", "details": [inner]}],
    }
    assert said({"error": outer}).code == "QuotaExceeded"
    assert said({"error": {"code": "A", "message": "b", "details": [{"message": "no code"}]}}).code == "A"
