"""Every request that the provider sends is one that Microsoft's own packages describe; so are the answers it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.azure_arm import AzureArm
from mistserver.providers.base import Account
from tests.contract.providers.rigs.azure_arm import KEY, AzureArmRig
from tests.lab.azure_types import faults, is_described
from tests.lab.clouds.azure_arm import AzureCloud

WHOLE = MachineSpec(
    name="web-1",
    mark="7oDk2Lw-0",
    image="Canonical:ubuntu-24_04-lts:server:latest",
    size="Standard_B1s",
    location="West Europe",
    public_key=KEY,
    user_data="#cloud-config\n",
    tags=("env=prod", "blue"),
    extra={"disk_gb": 64, "disk_type": "Premium_LRS", "zone": "1", "spot": True, "user": "me"},
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


def walk(provider: AzureArm) -> None:
    """Everything that the provider can ask for."""
    provider.check()
    for search in (None, "all", "flatcar"):
        provider.list_images(search)
    provider.list_sizes()
    provider.list_networks()
    first = provider.create(WHOLE).external_id
    network = provider.list_networks()[0]
    plain = replace(WHOLE, name="web-2", mark="m", networks=(network.id,), extra={"public_ip": False})
    second = provider.create(plain).external_id
    assert {machine.external_id for machine in provider.list_machines()} == {first, second}
    assert provider.find_marked("m") == provider.read_machine(second)
    provider.reboot(first)
    provider.stop(first)
    provider.resize(first, "Standard_D2s_v3")
    provider.start(first)
    provider.destroy(first)


@pytest.mark.parametrize("group", [None, "mist"])
def test_every_request_is_described(cloud: AzureCloud, group: str | None) -> None:
    walk(opened(cloud, resource_group=group))
    for service in ("compute", "network"):
        asked = {(each.method, each.path) for each in cloud.seen if f"Microsoft.{service}".lower() in each.path.lower()}
        asked = {(method, path) for method, path in asked if "Microsoft.Resources" not in path}
        assert len(asked) > 3
        assert [each for each in asked if not is_described(service, *each)] == []
    assert {each.query["api-version"] for each in cloud.seen if "/virtualMachines" in each.path} == {"2024-07-01"}


def test_every_body_is_described(cloud: AzureCloud) -> None:
    walk(opened(cloud))
    (deployed,) = cloud.asked("PUT", ".*/deployments/.*")
    parts = {part["type"].rpartition("/")[2]: part for part in deployed.json["properties"]["template"]["resources"]}
    machine = {key: value for key, value in parts["virtualMachines"].items() if key not in ("apiVersion", "dependsOn")}
    rest = {
        kind: {key: value for key, value in parts[kind].items() if key != "apiVersion"}
        for kind in ("networkSecurityGroups", "virtualNetworks")
    }
    assert faults("compute", "VirtualMachine", machine) == []
    assert faults("network", "NetworkSecurityGroup", rest["networkSecurityGroups"]) == []
    assert faults("network", "VirtualNetwork", rest["virtualNetworks"]) == []
    (put,) = cloud.asked("PUT", ".*/virtualMachines/web-2")
    assert put.headers["if-none-match"] == "*"
    assert faults("compute", "VirtualMachine", put.json) == []
    (patched,) = cloud.asked("PATCH", ".*/virtualMachines/web-1")
    assert faults("compute", "VirtualMachineUpdate", patched.json) == []


def test_the_machines_of_the_stand_in_are_described(cloud: AzureCloud) -> None:
    provider = opened(cloud)
    assert provider.create(WHOLE).state is MachineState.PENDING
    for path, thing in cloud.things.items():
        kept = {key: value for key, value in thing.items() if key not in ("goes_with", "apiVersion")}
        if path.endswith("/virtualmachines/web-1"):
            view = kept["properties"].pop("instanceView")
            assert faults("compute", "VirtualMachine", kept) == []
            assert [status["code"] for status in view["statuses"]][1] == "PowerState/running"
        if "/networkinterfaces/" in path:
            assert faults("network", "NetworkInterface", kept) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": "red"}, "VirtualMachine has no colour"),
        ({"zones": "1"}, "zones is no list"),
        ({"properties": {"priority": "Cheap"}}, "is none of"),
        ({"properties": {"hardwareProfile": {"vmsize": "x"}}}, "has no vmsize"),
        ({"properties": {"storageProfile": {"osDisk": {"diskSizeGB": "9"}}}}, "diskSizeGB is no int"),
    ],
)
def test_what_is_not_described_is_noticed(change: dict[str, Any], fault: str) -> None:
    assert faults("compute", "VirtualMachine", {"location": "westeurope"}) == []
    assert fault in "; ".join(faults("compute", "VirtualMachine", {"location": "westeurope", **change}))


def test_a_path_that_is_not_described_is_noticed() -> None:
    root = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines"
    assert is_described("compute", "POST", f"{root}/web/deallocate")
    assert not is_described("compute", "POST", f"{root}/web/halt")
    assert not is_described("compute", "GET", f"{root}/web/deallocate")
