"""What Azure Resource Manager once answered, read by the provider."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from mistserver.providers.azure_arm import AzureArm
from mistserver.providers.base import Account
from tests.lab.recorded import Recorded
from tests.lab.stand_in import Answer, Reply, Request

SUBSCRIPTION = "99999999"  # as the recordings' files are called: no subscription has such an id
GIVEN = {
    "tenant_id": "77777777-7777-7777-7777-777777777777",
    "client_id": "55555555-5555-5555-5555-555555555555",
    "client_secret": "s",
    "subscription_id": SUBSCRIPTION,
}
NIC = "/providers/Microsoft.Network/networkInterfaces"
VIEWED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/000000/providers/Microsoft.Compute/virtualMachines/test-node-1"


class RecordedAzure(Recorded):
    """State, interfaces and addresses were recorded one by one; they are put where they stand in a listing."""

    def handle(self, request: Request) -> Answer:
        path = request.path
        if path.endswith("/oauth2/v2.0/token"):
            return self.told(path.replace("/v2.0", ""))
        if path.endswith("/publicIPAddresses"):
            return {
                "value": [self.told(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/REVIZOR{_ip(path)}/test-public-ip")]
            }
        if path == f"/subscriptions/{SUBSCRIPTION}{NIC}":
            groups = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
            return {"value": [self.told(f"{groups}/000000{NIC}/test-node-{number}-nic") for number in (1, 2)]}
        if path == VIEWED and request.method == "GET":
            return self.viewed(self.told(path))
        if path.endswith("/virtualNetworks"):
            return self.told(path.replace("virtualNetworks", "virtualnetworks"))
        try:
            answer = super().handle(request)
        except OSError:
            return Reply(404, {"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}})
        if request.query.get("statusOnly") == "true" and isinstance(answer, Reply) and isinstance(answer.body, bytes):
            return {"value": [self.viewed(each) for each in json.loads(answer.body)["value"]]}
        return answer

    def told(self, path: str) -> dict[str, Any]:
        answer = super().handle(Request("GET", path, {}, {}, {}, b""))
        assert isinstance(answer, Reply)
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def viewed(self, machine: dict[str, Any]) -> dict[str, Any]:
        whole = machine["id"].replace("99999999-9999-9999-9999-999999999999", SUBSCRIPTION)
        with contextlib.suppress(OSError):  # not recorded of the second
            machine["properties"]["instanceView"] = self.told(f"{whole}/InstanceView")
        return machine


def _ip(path: str) -> str:
    return "/providers" + path.partition("/providers")[2]


@pytest.fixture
def cloud() -> Iterator[RecordedAzure]:
    with RecordedAzure("test_azure_arm", "AzureMockHttp") as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: RecordedAzure) -> Iterator[AzureArm]:
    provider = AzureArm(Account(settings=AzureArm.Settings(**GIVEN), endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_machines_of_both_pages(provider: AzureArm) -> None:
    first, second = provider.list_machines()
    assert (first.external_id, first.name, first.size) == ("000000/test-node-1", "test-node-1", "Standard_A1")
    assert (first.image, first.location) == ("OpenLogic:CentOS:7.3:latest", "eastus")
    assert first.state is MachineState.RUNNING
    assert first.private_ips == ("10.0.0.1",)
    assert (first.extra["user"], first.extra["resource_group"]) == ("user", "000000")
    assert second.name == "test-node-2"


def test_networks(provider: AzureArm) -> None:
    network = provider.list_networks()[0]
    assert (network.id, network.extra["cidr"]) == ("REVIZOR/test_network", "10.39.0.0/16")
    assert network.subnets[0]["id"] == "REVIZOR/test_network/Azure_VPC_Subnet"


def test_orders_to_a_machine(provider: AzureArm, cloud: RecordedAzure) -> None:
    provider.resize("000000/test-node-1", "Standard_A2")
    (resized,) = cloud.asked("PATCH", VIEWED)
    assert resized.json == {"properties": {"hardwareProfile": {"vmSize": "Standard_A2"}}}


def test_a_machine_that_is_not_there(provider: AzureArm) -> None:
    assert provider.read_machine("000000/test-node-9") is None
    with pytest.raises(errors.ProviderNotFound):
        provider.resize("000000/test-node-9", "Standard_A2")
